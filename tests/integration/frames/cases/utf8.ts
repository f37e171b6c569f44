import { concatenate, toBytes } from "../../../support/raw-frame.ts";
import { closes, continuation, type FrameCase, hex, staysOpen, text, unfinished } from "../frame-case.ts";

const greeting = "Hello-µ@ßöäüàá-UTF-8!!";
/** Multi-byte letters: every second or third byte is inside a character. */
const cosmos = toBytes("κόσμε");

/** Each is the UTF-8 of the text that has to come back. */
const validSequences: readonly (readonly [what: string, digits: string])[] = [
  ["one byte between letters", "68656c6c6f 24 776f726c64"],
  ["two bytes between letters", "68656c6c6f c2a2 776f726c64"],
  ["three bytes between letters", "68656c6c6f e282ac 776f726c64"],
  ["four bytes between letters", "68656c6c6f f0a4ada2 776f726c64"],
  ["Greek with accents", "cebae1bdb9cf83cebcceb5"],
  ["first of one byte (NUL)", "00"],
  ["first of two bytes", "c280"],
  ["first of three bytes", "e0a080"],
  ["first of four bytes", "f0908080"],
  ["last of one byte", "7f"],
  ["last of two bytes", "dfbf"],
  ["last of three bytes", "efbfbf"],
  ["last of four bytes", "f48fbfbf"],
  ["last before the surrogates", "ed9fbf"],
  ["first after the surrogates", "ee8080"],
  ["replacement character", "efbfbd"],
  ["non-character U+FFFE", "efbfbe"],
  ["non-character U+1FFFE", "f09fbfbe"],
  ["non-character U+10FFFE", "f48fbfbe"],
  ["interlinear annotation", "efbfb9efbfbaefbfbb"],
  ["byte order mark, which is text here", "efbbbf 61"],
  ["line and paragraph separators", "e280a8e280a9"],
];

const invalidSequences: readonly (readonly [what: string, digits: string])[] = [
  ["a prefix that ends within a character", "cebae1bd"],
  ["first of five bytes", "f888808080"],
  ["first of six bytes", "fc8480808080"],
  ["last of four bytes by the old scheme", "f7bfbfbf"],
  ["last of five bytes", "fbbfbfbfbf"],
  ["last of six bytes", "fdbfbfbfbfbf"],
  ["U+110000, one beyond the last", "f4908080"],
  ["first continuation byte alone", "80"],
  ["last continuation byte alone", "bf"],
  ["six continuation bytes", "80bf80bf80bf"],
  ["lonely start of two bytes", "c220"],
  ["lonely start of three bytes", "e020"],
  ["lonely start of four bytes", "f020"],
  ["two bytes lacking the last", "df"],
  ["three bytes lacking the last", "efbf"],
  ["four bytes lacking the last", "f48fbf"],
  ["incomplete sequences in a row", "c0e080f08080f8808080dfefbff7bfbf"],
  ["impossible byte FE", "fe"],
  ["impossible byte FF", "ff"],
  ["impossible bytes in a row", "fefeffff"],
  ["overlong slash in two bytes", "c0af"],
  ["overlong slash in three bytes", "e080af"],
  ["overlong slash in four bytes", "f08080af"],
  ["longest overlong of two bytes", "c1bf"],
  ["longest overlong of three bytes", "e09fbf"],
  ["longest overlong of four bytes", "f08fbfbf"],
  ["overlong NUL in two bytes", "c080"],
  ["overlong NUL in three bytes", "e08080"],
  ["first high surrogate", "eda080"],
  ["last high surrogate", "edafbf"],
  ["first low surrogate", "edb080"],
  ["last low surrogate", "edbfbf"],
  ["paired surrogates", "eda080edb080"],
  ["last pair of surrogates", "edafbfedbfbf"],
  ["a fault between letters", "68656c6c6f ff 776f726c64"],
  ["a fault after a long good text", `${"61".repeat(1_000)} ce`],
];

const validCases: FrameCase[] = validSequences.map(([what, digits]) => ({
  name: `6.5 valid: ${what}`,
  send: [text(hex(digits))],
  chat: [new TextDecoder("utf-8", { ignoreBOM: true }).decode(hex(digits))],
  end: staysOpen,
}));

const invalidCases: FrameCase[] = invalidSequences.map(([what, digits]) => ({
  name: `6.6 invalid: ${what}`,
  send: [text(hex(digits))],
  end: closes(1007),
}));

const fragmentedCases: readonly FrameCase[] = [
  { name: "6.1 empty text", send: [text("")], chat: [""], end: staysOpen },
  { name: "6.2 valid text in one frame", send: [text(greeting)], chat: [greeting], end: staysOpen },
  {
    name: "6.2 valid text, cut between characters",
    send: [text("Hello-µ@ßöä", unfinished), continuation("üàá-UTF-8!!")],
    chat: [greeting],
    end: staysOpen,
  },
  {
    name: "6.2 valid text in fragments of one byte, cut within characters",
    send: [
      text(cosmos.subarray(0, 1), unfinished),
      ...Array.from(cosmos.subarray(1, -1), (byte) => continuation(Uint8Array.of(byte), unfinished)),
      continuation(cosmos.subarray(-1)),
    ],
    chat: ["κόσμε"],
    end: staysOpen,
  },
  {
    name: "6.2 valid text, byte by byte on the wire",
    send: [text(greeting)],
    pieceBytes: 1,
    chat: [greeting],
    end: staysOpen,
  },
  {
    name: "6.2 a character cut over three fragments, an empty one among them",
    send: [text(hex("f0a4"), unfinished), continuation("", unfinished), continuation(hex("ada2"))],
    chat: ["\u{24b62}"],
    end: staysOpen,
  },
  {
    name: "6.3 a surrogate in the middle of a text",
    send: [text(concatenate([cosmos, hex("eda080"), toBytes("edited")]))],
    end: closes(1007),
  },
  {
    name: "6.3 a surrogate in fragments of one byte",
    send: [
      text(cosmos, unfinished),
      continuation(hex("ed"), unfinished),
      continuation(hex("a0"), unfinished),
      continuation(hex("80"), unfinished),
      continuation("edited"),
    ],
    end: closes(1007),
  },
  {
    name: "6.4 a fault in the second of three fragments",
    send: [text(cosmos, unfinished), continuation(hex("f4908080"), unfinished), continuation("edited")],
    end: closes(1007),
    departure:
      "The text is judged once it is whole, not at the fragment with the fault (the RFC allows either); " +
      "what waits until then is bounded by MAX_FRAME.",
  },
  {
    name: "6.4 a character that the last fragment leaves unfinished",
    send: [text(cosmos, unfinished), continuation(hex("ceba e1bd"))],
    end: closes(1007),
  },
  {
    name: "6.4 a character that starts in one message and ends in the next",
    send: [text(hex("ce")), text(hex("ba"))],
    end: closes(1007),
  },
];

export const utf8Cases: readonly FrameCase[] = [...fragmentedCases, ...validCases, ...invalidCases];
