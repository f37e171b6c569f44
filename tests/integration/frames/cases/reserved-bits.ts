import { binary, close, closes, type FrameCase, ping, text } from "../frame-case.ts";

const everyCombination = [1, 2, 3, 4, 5, 6, 7];

/** No extension is ever negotiated, so no reserved bit may be set. */
export const reservedBitsCases: readonly FrameCase[] = [
  ...everyCombination.map((rsv) => ({
    name: `3.1 text with the reserved bits ${rsv.toString(2).padStart(3, "0")}`,
    send: [text("small", { rsv })],
    end: closes(1002),
  })),
  {
    name: "3.2 a good text, one with RSV1, then a ping: the first counts, nothing after the second does",
    send: [text("good"), text("bad", { rsv: 4 }), ping("late")],
    chat: ["good"],
    end: closes(1002),
  },
  {
    name: "3.3 the same, byte by byte",
    send: [text("good"), text("bad", { rsv: 4 }), ping("late")],
    pieceBytes: 1,
    chat: ["good"],
    end: closes(1002),
  },
  { name: "3.5 binary with RSV1 and RSV3", send: [binary("small", { rsv: 5 })], end: closes(1002) },
  { name: "3.6 ping with RSV1 and RSV2", send: [ping("small", { rsv: 6 })], end: closes(1002) },
  { name: "3.7 close with every reserved bit", send: [close(1000, "", { rsv: 7 })], end: closes(1002) },
];
