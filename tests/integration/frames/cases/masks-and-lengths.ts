import { toBytes } from "../../../support/raw-frame.ts";
import { close, closes, type FrameCase, ping, staysOpen, text } from "../frame-case.ts";

const unmasked = { mask: false } as const;

const maskCases: readonly FrameCase[] = [
  { name: "8.1 unmasked text", send: [text("unmasked", unmasked)], end: closes(1002) },
  { name: "8.1 unmasked empty text", send: [text("", unmasked)], end: closes(1002) },
  {
    name: "8.1 unmasked text of 300 bytes",
    send: [text("*".repeat(300), unmasked)],
    end: closes(1002),
  },
  { name: "8.1 unmasked ping", send: [ping("unmasked", unmasked)], end: closes(1002) },
  { name: "8.1 unmasked close", send: [close(1000, "", unmasked)], end: closes(1002) },
  {
    name: "8.1 a masked text, then an unmasked one",
    send: [text("masked"), text("unmasked", unmasked)],
    chat: ["masked"],
    end: closes(1002),
  },
  {
    name: "8.2 a mask of zeroes is a mask",
    send: [text("plain on the wire", { mask: [0, 0, 0, 0] })],
    chat: ["plain on the wire"],
    end: staysOpen,
  },
  {
    name: "8.2 every frame may bring a new mask",
    send: [
      text("first", { mask: [1, 2, 3, 4] }),
      text("second", { mask: [255, 254, 253, 252] }),
      text("third", { mask: [0, 255, 0, 255] }),
    ],
    chat: ["first", "second", "third"],
    end: staysOpen,
  },
  {
    name: "8.3 an HTTP request where frames are due",
    send: [toBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
    end: closes(1002),
  },
];

const acceptedAnyway =
  "The RFC wants the shortest form; the longer one is read for what it says, and MAX_FRAME bounds it alike.";

const lengthCases: readonly FrameCase[] = [
  {
    name: "8.4 5 bytes announced in 16 bits",
    send: [text("hello", { lengthEncoding: 16 })],
    chat: ["hello"],
    end: staysOpen,
    departure: acceptedAnyway,
  },
  {
    name: "8.4 5 bytes announced in 64 bits",
    send: [text("hello", { lengthEncoding: 64 })],
    chat: ["hello"],
    end: staysOpen,
    departure: acceptedAnyway,
  },
  {
    name: "8.4 300 bytes announced in 64 bits",
    send: [text("*".repeat(300), { lengthEncoding: 64 })],
    chat: ["*".repeat(300)],
    end: staysOpen,
    departure: acceptedAnyway,
  },
  {
    name: "8.4 an empty text announced in 64 bits, byte by byte",
    send: [text("", { lengthEncoding: 64 })],
    pieceBytes: 1,
    chat: [""],
    end: staysOpen,
    departure: acceptedAnyway,
  },
  {
    name: "8.4 a ping announced in 16 bits",
    send: [ping("hello", { lengthEncoding: 16 })],
    end: closes(1002),
  },
  {
    name: "8.4 a ping announced in 64 bits",
    send: [ping("hello", { lengthEncoding: 64 })],
    end: closes(1002),
  },
];

export const maskAndLengthCases: readonly FrameCase[] = [...maskCases, ...lengthCases];
