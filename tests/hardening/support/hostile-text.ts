import { isFreeEventType } from "../../../src/protocol/event-types.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What breaks parsers and encoders elsewhere. */
const tokens = [
  ...[
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "NaN",
    "1e999",
    "-0",
    "0x1",
    "9007199254740993",
  ],
  ...[
    "\u0000",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u001b[31m",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ud800",
    "\udfff",
    "é",
    "😀",
  ],
  ...[
    '"__proto__":',
    '"constructor":{"prototype":{}}',
    '"toString":1',
    '"type":"publish"',
    '"type":5',
    '"id":',
  ],
  ...[
    "data: x\n\n",
    "event: y\n",
    "id: z\n",
    "retry: 1\n",
    "admin:",
    "user:",
    "%00",
    "%",
    "+",
    "&",
    "=",
    ".",
    "~",
  ],
  ..."[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@|~=-";
const wordCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
const hostileNames = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "user:a", "chat"];

function charactersOf(random: SeededRandom, alphabet: string, lengthMax: number): string {
  let text = "";
  for (let left = 1 + random.below(lengthMax); left > 0; left--)
    text += alphabet[random.below(alphabet.length)];
  return text;
}

/** A valid topic name, often one that an object has of its own. */
export function topicOf(random: SeededRandom): string {
  return random.oneIn(6) ? random.pick(hostileNames) : charactersOf(random, nameCharacters, 20);
}

/** A valid `type` of a publication. */
export function eventOf(random: SeededRandom): string {
  const word = charactersOf(random, wordCharacters, 12);
  return isFreeEventType(word) ? word : "message";
}

export function epochOf(random: SeededRandom): string {
  return charactersOf(random, "abcdefghijklmnopqrstuvwxyz0123456789_-", 16);
}

/** Any text at all, lone surrogates and control characters included. */
export function textOf(random: SeededRandom, lengthMax = 24): string {
  let text = "";
  for (let left = random.below(lengthMax); left > 0; left--) {
    if (random.oneIn(5)) text += random.pick(tokens);
    else if (random.oneIn(12)) text += String.fromCharCode(random.below(0x1_0000));
    else text += String.fromCharCode(0x20 + random.below(0x5f));
  }
  return text;
}

/** Any JSON value, as JSON can hold it. */
export function jsonOf(random: SeededRandom, depth = 3): unknown {
  switch (random.below(depth > 0 ? 8 : 6)) {
    case 0:
      return null;
    case 1:
      return random.oneIn(2);
    case 2:
      return random.below(1_000_000) - 500_000;
    case 3:
      return random.below(1_000_000) / 1024;
    case 6:
      return Array.from({ length: random.below(4) }, () => jsonOf(random, depth - 1));
    case 7: {
      // Parsed, so that "__proto__" is a name like any other.
      const members = Array.from({ length: random.below(4) }, () => {
        const name = random.oneIn(4) ? random.pick(hostileNames) : textOf(random, 6);
        return `${JSON.stringify(name)}:${JSON.stringify(jsonOf(random, depth - 1))}`;
      });
      return JSON.parse(`{${members.join(",")}}`);
    }
    default:
      return textOf(random, 12);
  }
}

/** The text with a few pieces cut out, doubled, or put in. */
export function mutate(random: SeededRandom, original: string): string {
  let text = original;
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(text.length + 1);
    const end = at + random.below(8);
    switch (random.below(5)) {
      case 0:
        text = text.slice(0, at) + text.slice(end);
        break;
      case 1:
        text = text.slice(0, end) + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at);
        break;
      case 3:
        text = text.slice(0, at) + String.fromCharCode(random.below(0x1_0000)) + text.slice(at + 1);
        break;
      default:
        text = text.slice(0, at) + random.pick(tokens) + text.slice(at);
    }
  }
  return text;
}
