import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mentionedAccounts } from "../../../src/session/mentions.ts";

const accounts = ["support", "support-eu", "news.bot", "ops@example", "x"];

/** Text, and who is mentioned in it. */
const cases: readonly [what: string, text: string, mentioned: readonly string[]][] = [
  ["the whole text", "@support", ["support"]],
  ["the first word", "@support my order is late", ["support"]],
  ["a later word", "please ask @support about it", ["support"]],
  ["on a line of its own", "hello\n@support\tplease", ["support"]],
  ["in brackets and quotes", '(@support) "@news.bot"', ["support", "news.bot"]],
  ["several accounts, in their order", "@news.bot and @support", ["news.bot", "support"]],
  ["the same account twice", "@support @support", ["support"]],
  ["separated by a comma alone", "@support,@x", ["support", "x"]],
  [
    "at the end of a sentence",
    "ask @support. Or @x: they know. Or @news.bot...",
    ["support", "x", "news.bot"],
  ],
  ["the longest account wins", "@support-eu", ["support-eu"]],
  ["an account that holds an @", "@ops@example", ["ops@example"]],
  ["right behind a word of a script without blanks", "你好@support请帮忙", ["support"]],
  ["nobody", "good morning", []],
  ["an @ alone", "@ support @", []],
  ["an e-mail address", "write to mail@support", []],
  ["an e-mail address with a domain", "write to mail@support.example", []],
  ["an e-mail address whose name ends with a sign", "a.@support a_@support a-@support a=@support", []],
  ["an e-mail address with letters beyond ASCII", "josé@support жук@news.bot", []],
  ["a domain", "@support.example", []],
  ["a longer name", "@supporters @support_2 @support-us @support=1 @support~", []],
  ["a longer name with letters beyond ASCII", "@supporté @supportж", []],
  ["a longer name behind any number of full stops", `@support${".".repeat(100)}eu`, []],
  ["another account's namesake with an @", "@support@example", []],
  ["two @ in a row", "@@support", []],
  ["other letters' case", "@Support", []],
];

describe("an @mention", () => {
  for (const [what, text, mentioned] of cases) {
    test(what, () => {
      expect(mentionedAccounts(text, accounts)).toEqual([...mentioned]);
    });
  }

  test("of two accounts that fit is one of the longer", () => {
    const known = ["bot", "bot.", "bot.:"];
    expect(mentionedAccounts("@bot @bot.", known)).toEqual(["bot", "bot."]);
    expect(mentionedAccounts("@bot.:.", known)).toEqual(["bot.:"]);
  });

  test("of nobody, where there are no public accounts", () => {
    expect(mentionedAccounts("@support", [])).toEqual([]);
  });
});

const nameCharacter = /[A-Za-zÀ-ɏͰ-ϿЀ-ӿ0-9_.:@|~=-]/;

/** As one would say it: cut the text into names, and look which of them begin with an `@`. */
function mentionedNaively(text: string, known: readonly string[]): string[] {
  const found: string[] = [];
  for (let start = 0; start < text.length; start++) {
    const isStart = text[start] === "@" && !(start > 0 && nameCharacter.test(text[start - 1]!));
    if (!isStart) continue;
    let end = start + 1;
    while (end < text.length && nameCharacter.test(text[end]!)) end++;
    const name = text.slice(start + 1, end);
    const fitting = known.filter((account) => {
      return name.startsWith(account) && [...name.slice(account.length)].every((end) => ".:".includes(end));
    });
    const longest = fitting.reduce((a, b) => (b.length > a.length ? b : a), "");
    if (longest !== "" && !found.includes(longest)) found.push(longest);
  }
  return found;
}

test("is found as in a naive reading, whatever the text and the accounts", () => {
  const piece = fc.constantFrom(
    "@",
    "@",
    "a",
    "b",
    ".",
    ":",
    "-",
    " ",
    ",",
    "é",
    "Ж",
    "好",
    "0",
    "a.",
    "ab",
    "\n",
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  const account = fc
    .array(fc.constantFrom("a", "a", "b", ".", ":", "@"), { minLength: 1, maxLength: 3 })
    .map((characters) => characters.join(""));
  fc.assert(
    fc.property(text, fc.uniqueArray(account, { maxLength: 5 }), (said, known) => {
      expect(mentionedAccounts(said, known)).toEqual(mentionedNaively(said, known));
    }),
    { numRuns: 3000 },
  );
});

test("is looked for in time that grows with the text, hostile as it may be", () => {
  const many = Array.from({ length: 50 }, (_, index) => `bot${"a".repeat(index)}`);
  const began = performance.now();
  for (const text of ["@", " @", "@bot", " @bot.", "@bot.....", "."]) {
    mentionedAccounts(text.repeat(65_536 / text.length), many);
  }
  mentionedAccounts(`@bot${"a".repeat(49)}${".:".repeat(32_000)}a`, many);
  expect(performance.now() - began).toBeLessThan(1000);
});
