import { closes, type FrameCase, hex, ping, pong, staysOpen, text } from "../frame-case.ts";

const largestControlPayload = new Uint8Array(125).fill(0xfe);
const tenPayloads = Array.from({ length: 10 }, (_, index) => `payload-${index}`);

export const pingCases: readonly FrameCase[] = [
  { name: "2.1 ping without payload", send: [ping()], pongs: [""], end: staysOpen },
  { name: "2.2 ping with a small payload", send: [ping("hello")], pongs: ["hello"], end: staysOpen },
  {
    name: "2.3 ping with a payload that is not UTF-8",
    send: [ping(hex("00fffefdfcfbfaff"))],
    pongs: [hex("00fffefdfcfbfaff")],
    end: staysOpen,
  },
  {
    name: "2.4 ping with 125 bytes",
    send: [ping(largestControlPayload)],
    pongs: [largestControlPayload],
    end: staysOpen,
  },
  { name: "2.5 ping with 126 bytes", send: [ping("*".repeat(126))], end: closes(1002) },
  {
    name: "2.6 ping with 125 bytes, byte by byte",
    send: [ping(largestControlPayload)],
    pieceBytes: 1,
    pongs: [largestControlPayload],
    end: staysOpen,
  },
  { name: "2.7 unsolicited pong without payload", send: [pong()], end: staysOpen },
  { name: "2.8 unsolicited pong with payload", send: [pong("unsolicited")], end: staysOpen },
  {
    name: "2.9 unsolicited pong, then a ping",
    send: [pong("unsolicited"), ping("asked")],
    pongs: ["asked"],
    end: staysOpen,
  },
  {
    name: "2.10 ten pings are answered in order",
    send: tenPayloads.map((payload) => ping(payload)),
    pongs: tenPayloads,
    end: staysOpen,
  },
  {
    name: "2.11 ten pings, byte by byte",
    send: tenPayloads.map((payload) => ping(payload)),
    pieceBytes: 1,
    pongs: tenPayloads,
    end: staysOpen,
  },
  {
    name: "2.12 a thousand pings in one segment",
    send: Array.from({ length: 1_000 }, (_, index) => ping(String(index))),
    pongs: Array.from({ length: 1_000 }, (_, index) => String(index)),
    end: staysOpen,
  },
  { name: "2.13 pong with 126 bytes", send: [pong("*".repeat(126))], end: closes(1002) },
  {
    name: "2.14 ping before and after a text",
    send: [ping("before"), text("between"), ping("after")],
    chat: ["between"],
    pongs: ["before", "after"],
    end: staysOpen,
  },
];
