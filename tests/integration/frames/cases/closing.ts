import { encodeFrame, Opcode } from "../../../support/raw-frame.ts";
import {
  binary,
  close,
  closes,
  continuation,
  type FrameCase,
  hex,
  ping,
  text,
  unfinished,
} from "../frame-case.ts";

const acceptedCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
/** Registered after the RFC; an endpoint of 2011 would call them errors. */
const laterCodes = [1012, 1013, 1014];
const refusedCodes = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

const handshakeCases: readonly FrameCase[] = [
  {
    name: "7.1 a text, then a close",
    send: [text("goodbye"), close(1000)],
    chat: ["goodbye"],
    end: closes(1000),
  },
  { name: "7.1 two closes: the first counts", send: [close(1000), close(1001)], end: closes(1000) },
  {
    name: "7.1 a ping after the close is not answered",
    send: [close(1000), ping("late")],
    end: closes(1000),
  },
  { name: "7.1 a text after the close is ignored", send: [close(1000), text("late")], end: closes(1000) },
  {
    name: "7.1 a text after the close in a segment of its own is ignored",
    send: [close(1000), text("late")],
    pieceBytes: close(1000).length,
    end: closes(1000),
  },
  { name: "7.1 binary after the close is ignored", send: [close(1000), binary("late")], end: closes(1000) },
  {
    name: "7.1 garbage after the close is ignored",
    send: [close(1000), hex("ff ff ff ff ff ff")],
    end: closes(1000),
  },
  {
    name: "7.1 a close within a fragmented text",
    send: [text("fragment1", unfinished), close(1000)],
    end: closes(1000),
  },
  {
    name: "7.1 a large text, a close, a ping",
    send: [text("*".repeat(60_000)), close(1000), ping("late")],
    chat: ["*".repeat(60_000)],
    end: closes(1000),
  },
  {
    name: "7.1 a close, then the rest of a fragmented text",
    send: [text("fragment1", unfinished), close(1001), continuation("fragment2")],
    end: closes(1001),
  },
];

const payloadCases: readonly FrameCase[] = [
  { name: "7.3 close without payload", send: [encodeFrame({ opcode: Opcode.close })], end: closes(null) },
  {
    name: "7.3 close with a payload of one byte",
    send: [encodeFrame({ opcode: Opcode.close, payload: "*" })],
    end: closes(1002),
  },
  { name: "7.3 close with a code alone", send: [close(1000)], end: closes(1000, "") },
  { name: "7.3 close with a reason", send: [close(1000, "Goodbye")], end: closes(1000, "Goodbye") },
  {
    name: "7.3 close with the longest reason, 123 bytes",
    send: [close(1000, "*".repeat(123))],
    end: closes(1000, "*".repeat(123)),
  },
  { name: "7.3 close with a reason of 124 bytes", send: [close(1000, "*".repeat(124))], end: closes(1002) },
  {
    name: "7.3 close with a reason, byte by byte",
    send: [close(1000, "κόσμε")],
    pieceBytes: 1,
    end: closes(1000, "κόσμε"),
  },
  {
    name: "7.5 close with a reason that is not UTF-8",
    send: [close(1000, hex("cebae1bdb9 f4908080 656469746564"))],
    end: closes(1007),
  },
  {
    name: "7.5 close with a reason cut within a character",
    send: [close(1000, hex("cebae1bd"))],
    end: closes(1007),
  },
];

const codeCases: readonly FrameCase[] = [
  ...acceptedCodes.map((code) => ({
    name: `7.7 close with code ${code}`,
    send: [close(code)],
    end: closes(code),
  })),
  ...laterCodes.map((code) => ({
    name: `7.7 close with code ${code}`,
    send: [close(code)],
    end: closes(code),
    departure: "Unknown to the RFC itself, but in its registry of close codes since; it is only echoed.",
  })),
  ...refusedCodes.map((code) => ({
    name: `7.9 close with the invalid code ${code}`,
    send: [close(code)],
    end: closes(1002),
  })),
  {
    name: "7.9 close with an invalid code and a reason",
    send: [close(999, "Goodbye")],
    end: closes(1002),
  },
];

export const closingCases: readonly FrameCase[] = [...handshakeCases, ...payloadCases, ...codeCases];
