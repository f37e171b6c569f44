import { binary, closes, type FrameCase, staysOpen, text } from "../frame-case.ts";

/** The default of MAX_FRAME: the largest message there is. */
const maxFrameBytes = 65_536;

const sizes = [0, 125, 126, 127, 128, 65_535, 65_536];
const chops = [
  { bytes: 0, pieceBytes: 1 },
  { bytes: 125, pieceBytes: 1 },
  { bytes: 126, pieceBytes: 1 },
  { bytes: 300, pieceBytes: 1 },
  { bytes: maxFrameBytes, pieceBytes: 997 },
];

const textCases: FrameCase[] = sizes.map((size) => ({
  name: `1.1 text of ${size} bytes`,
  send: [text("*".repeat(size))],
  chat: ["*".repeat(size)],
  end: staysOpen,
}));

const choppedTextCases: FrameCase[] = chops.map(({ bytes, pieceBytes }) => ({
  name: `1.1 text of ${bytes} bytes in pieces of ${pieceBytes}`,
  send: [text("*".repeat(bytes))],
  pieceBytes,
  chat: ["*".repeat(bytes)],
  end: staysOpen,
}));

const binaryCases: FrameCase[] = sizes.map((size) => ({
  name: `1.2 binary of ${size} bytes is a bad request`,
  send: [binary(new Uint8Array(size).fill(0xfe))],
  badRequests: 1,
  end: staysOpen,
}));

const otherCases: FrameCase[] = [
  {
    name: "1.2 binary of 65536 bytes in pieces of 997 is a bad request",
    send: [binary(new Uint8Array(maxFrameBytes).fill(0xfe))],
    pieceBytes: 997,
    badRequests: 1,
    end: staysOpen,
  },
  {
    name: "1.3 several messages in one segment keep their order",
    send: [text("one"), binary("two"), text("three"), text("four")],
    chat: ["one", "three", "four"],
    badRequests: 1,
    end: staysOpen,
  },
  {
    name: "1.4 text one byte over MAX_FRAME",
    send: [text("*".repeat(maxFrameBytes + 1))],
    end: closes(1009),
  },
  {
    name: "1.4 binary one byte over MAX_FRAME",
    send: [binary(new Uint8Array(maxFrameBytes + 1))],
    end: closes(1009),
  },
  {
    name: "1.4 a header that announces a tebibyte is refused before its payload",
    send: [text("", { announcedLength: 1n << 40n })],
    end: closes(1009),
  },
  {
    name: "1.4 a header whose length has its highest bit set",
    send: [text("", { announcedLength: 1n << 63n })],
    end: closes(1009),
    departure: "The RFC forbids that bit (1002 would be apt); refused as too big, nothing is allocated.",
  },
  {
    name: "1.5 forty-nine bad frames are borne",
    send: Array.from({ length: 49 }, () => binary("bad")),
    badRequests: 49,
    end: staysOpen,
  },
  {
    name: "1.5 fifty bad frames end the connection",
    send: Array.from({ length: 50 }, () => binary("bad")),
    badRequests: 50,
    end: closes(4429),
  },
];

export const framingCases: readonly FrameCase[] = [
  ...textCases,
  ...choppedTextCases,
  ...binaryCases,
  ...otherCases,
];
