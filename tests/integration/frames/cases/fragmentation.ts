import {
  binary,
  close,
  closes,
  continuation,
  type FrameCase,
  ping,
  pong,
  staysOpen,
  text,
  unfinished,
} from "../frame-case.ts";

const fragmentedControlFrames: readonly FrameCase[] = [
  {
    name: "5.1 ping in two fragments",
    send: [ping("fragment1", unfinished), continuation("fragment2")],
    end: closes(1002),
  },
  {
    name: "5.2 pong in two fragments",
    send: [pong("fragment1", unfinished), continuation("fragment2")],
    end: closes(1002),
  },
  { name: "5.2 close that is not final", send: [close(1000, "", unfinished)], end: closes(1002) },
];

const wholeMessages: readonly FrameCase[] = [
  {
    name: "5.3 text in two fragments",
    send: [text("fragment1", unfinished), continuation("fragment2")],
    chat: ["fragment1fragment2"],
    end: staysOpen,
  },
  {
    name: "5.5 text in two fragments, byte by byte",
    send: [text("fragment1", unfinished), continuation("fragment2")],
    pieceBytes: 1,
    chat: ["fragment1fragment2"],
    end: staysOpen,
  },
  {
    name: "5.5 two fragmented texts, one after the other",
    send: [
      text("first ", unfinished),
      continuation("message"),
      text("second ", unfinished),
      continuation("message"),
    ],
    chat: ["first message", "second message"],
    end: staysOpen,
  },
  {
    name: "5.5 fragmented binary is one bad request",
    send: [binary("fragment1", unfinished), continuation("fragment2")],
    badRequests: 1,
    end: staysOpen,
  },
  {
    name: "5.5 three empty fragments are an empty text",
    send: [text("", unfinished), continuation("", unfinished), continuation("")],
    chat: [""],
    end: staysOpen,
  },
  {
    name: "5.5 a middle between empty fragments",
    send: [text("", unfinished), continuation("middle", unfinished), continuation("")],
    chat: ["middle"],
    end: staysOpen,
  },
  {
    name: "5.5 a thousand fragments of one byte",
    send: [
      text("*", unfinished),
      ...Array.from({ length: 998 }, () => continuation("*", unfinished)),
      continuation("*"),
    ],
    chat: ["*".repeat(1_000)],
    end: staysOpen,
  },
  {
    name: "5.5 fragments that make up MAX_FRAME exactly",
    send: [text("*".repeat(40_000), unfinished), continuation("*".repeat(25_536))],
    chat: ["*".repeat(65_536)],
    end: staysOpen,
  },
  {
    name: "5.5 fragments that exceed MAX_FRAME together",
    send: [text("*".repeat(40_000), unfinished), continuation("*".repeat(25_537))],
    end: closes(1009),
  },
  {
    name: "5.5 fragments without end are cut at MAX_FRAME",
    send: [
      text("*", unfinished),
      ...Array.from({ length: 70 }, () => continuation("*".repeat(1_000), unfinished)),
    ],
    end: closes(1009),
  },
];

const interleavedControlFrames: readonly FrameCase[] = [
  {
    name: "5.6 ping between two fragments",
    send: [text("fragment1", unfinished), ping("ping"), continuation("fragment2")],
    chat: ["fragment1fragment2"],
    pongs: ["ping"],
    end: staysOpen,
  },
  {
    name: "5.8 ping between two fragments, byte by byte",
    send: [text("fragment1", unfinished), ping("ping"), continuation("fragment2")],
    pieceBytes: 1,
    chat: ["fragment1fragment2"],
    pongs: ["ping"],
    end: staysOpen,
  },
  {
    name: "5.8 pong between two fragments",
    send: [text("fragment1", unfinished), pong("unsolicited"), continuation("fragment2")],
    chat: ["fragment1fragment2"],
    end: staysOpen,
  },
  {
    name: "5.19 two pings between five fragments",
    send: [
      text("fragment1", unfinished),
      continuation("fragment2", unfinished),
      ping("ping1"),
      continuation("fragment3", unfinished),
      continuation("fragment4", unfinished),
      ping("ping2"),
      continuation("fragment5"),
    ],
    chat: ["fragment1fragment2fragment3fragment4fragment5"],
    pongs: ["ping1", "ping2"],
    end: staysOpen,
  },
  {
    name: "5.20 the same, byte by byte",
    send: [
      text("fragment1", unfinished),
      continuation("fragment2", unfinished),
      ping("ping1"),
      continuation("fragment3", unfinished),
      continuation("fragment4", unfinished),
      ping("ping2"),
      continuation("fragment5"),
    ],
    pieceBytes: 1,
    chat: ["fragment1fragment2fragment3fragment4fragment5"],
    pongs: ["ping1", "ping2"],
    end: staysOpen,
  },
  {
    name: "5.20 close between two fragments: the message is dropped",
    send: [text("fragment1", unfinished), close(1000), continuation("fragment2")],
    end: closes(1000),
  },
];

const misplacedFragments: readonly FrameCase[] = [
  {
    name: "5.9 final continuation without a start, then a text",
    send: [continuation("nothing to continue"), text("never seen")],
    end: closes(1002),
  },
  {
    name: "5.11 the same, byte by byte",
    send: [continuation("nothing to continue"), text("never seen")],
    pieceBytes: 1,
    end: closes(1002),
  },
  {
    name: "5.12 continuation without a start that is not final",
    send: [continuation("nothing to continue", unfinished), text("never seen")],
    end: closes(1002),
  },
  {
    name: "5.15 a whole fragmented text, then another continuation",
    send: [
      text("fragment1", unfinished),
      continuation("fragment2"),
      continuation("fragment3", unfinished),
      text("never seen"),
    ],
    chat: ["fragment1fragment2"],
    end: closes(1002),
  },
  {
    name: "5.16 two continuations without a start",
    send: [continuation("fragment1", unfinished), continuation("fragment2"), text("never seen")],
    end: closes(1002),
  },
  {
    name: "5.18 a text that starts within a fragmented text",
    send: [text("fragment1", unfinished), text("fragment2")],
    end: closes(1002),
  },
  {
    name: "5.18 a binary that starts within a fragmented text",
    send: [text("fragment1", unfinished), binary("fragment2")],
    end: closes(1002),
  },
  {
    name: "5.18 a fragmented text that starts within a fragmented binary",
    send: [binary("fragment1", unfinished), text("fragment2", unfinished), continuation("fragment3")],
    end: closes(1002),
  },
];

export const fragmentationCases: readonly FrameCase[] = [
  ...fragmentedControlFrames,
  ...wholeMessages,
  ...interleavedControlFrames,
  ...misplacedFragments,
];
