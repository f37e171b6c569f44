import { describe, expect, test } from "bun:test";
import {
  type AcknowledgedPublish,
  assertHistory,
  checkHistory,
  type LogEntry,
  type ServerFrame,
  type SubscriberLog,
  type ViolationKind,
} from "../../support/history-checker.ts";

const topic = "news";

function received(frame: ServerFrame): LogEntry {
  return { kind: "frame", frame };
}

function welcome(offset: number, epoch = "e1"): LogEntry {
  return received({ type: "welcome", connection_id: "c", topics: [{ topic, epoch, offset }] });
}

function subscribed(offset: number, recovered?: boolean, epoch = "e1"): LogEntry {
  const outcome = recovered === undefined ? {} : { recovered };
  return received({ type: "subscribed", id: 1, topic, epoch, offset, ...outcome });
}

function publication(offset: number, fields: Record<string, unknown> = {}): LogEntry {
  return received({ type: "message", topic, offset, ts: 1_000 + offset, message: `m${offset}`, ...fields });
}

function publications(first: number, last: number): LogEntry[] {
  return Array.from({ length: last - first + 1 }, (_, index) => publication(first + index));
}

const disconnected: LogEntry = { kind: "disconnected" };

function resume(offset: number, epoch = "e1"): LogEntry {
  return { kind: "resume", topic, since: { epoch, offset } };
}

function log(...entries: LogEntry[]): SubscriberLog {
  return { subscriber: "alice", entries };
}

function logOf(subscriber: string, ...entries: LogEntry[]): SubscriberLog {
  return { subscriber, entries };
}

function ack(offset: number, fields: Partial<AcknowledgedPublish> = {}): AcknowledgedPublish {
  return { publisher: "press", topic, epoch: "e1", offset, message: `m${offset}`, ...fields };
}

function kinds(logs: SubscriberLog[], acks: AcknowledgedPublish[] = [], settled = true): ViolationKind[] {
  return checkHistory(logs, acks, { settled }).violations.map(({ kind }) => kind);
}

describe("histories that keep every promise", () => {
  const good: readonly (readonly [name: string, logs: SubscriberLog[], acks: AcknowledgedPublish[]])[] = [
    ["nothing at all", [], []],
    ["a live stream", [log(welcome(0), ...publications(1, 5))], [ack(1), ack(5)]],
    [
      "two subscribers, one of them late",
      [
        logOf("alice", welcome(0), ...publications(1, 5)),
        logOf("bob", welcome(3), publication(4), publication(5)),
      ],
      [1, 2, 3, 4, 5].map((offset) => ack(offset)),
    ],
    [
      "a resume with replay",
      [log(welcome(0), ...publications(1, 3), disconnected, subscribed(5, true), ...publications(4, 6))],
      [ack(3), ack(4), ack(5), ack(6)],
    ],
    [
      "a resume by welcome",
      [
        log(
          welcome(0),
          publication(1),
          disconnected,
          received({ type: "welcome", topics: [{ topic, epoch: "e1", offset: 2, recovered: true }] }),
          publication(2),
        ),
      ],
      [ack(2)],
    ],
    [
      "a resume from an earlier position on purpose",
      [
        log(
          welcome(0),
          ...publications(1, 3),
          disconnected,
          resume(1),
          subscribed(3, true),
          ...publications(2, 4),
        ),
      ],
      [ack(2), ack(4)],
    ],
    [
      "a break that is announced within an epoch",
      [log(welcome(0), ...publications(1, 2), subscribed(7, false), publication(8))],
      [ack(1), ack(5), ack(8)],
    ],
    [
      "a break into a new epoch",
      [log(welcome(8), publication(9), subscribed(0, false, "e2"), ...publications(1, 2))],
      [ack(9), ack(1, { epoch: "e2" }), ack(2, { epoch: "e2" })],
    ],
    [
      "publishing goes on after somebody left",
      [
        log(welcome(0), publication(1), received({ type: "unsubscribed", id: 2, topic })),
        logOf("bob", welcome(0), ...publications(1, 2), disconnected),
      ],
      [ack(1), ack(2), ack(3)],
    ],
    [
      "a topic that waits for its broker and follows after welcome",
      [log(received({ type: "welcome", topics: [{ topic }] }), subscribed(4), publication(5))],
      [ack(5)],
    ],
    [
      "the list of the first SSE event",
      [log(received({ type: "subscribed", topics: [{ topic, epoch: "e1", offset: 4 }] }), publication(5))],
      [ack(5)],
    ],
    [
      "recent notifications after a bare welcome",
      [
        log(
          received({ type: "welcome", topics: [{ topic: "notifications", epoch: "e1", offset: 9 }] }),
          ...[7, 9, 10].map((offset) =>
            received({ type: "notification", topic: "notifications", offset, ts: 1 }),
          ),
        ),
      ],
      [],
    ],
    [
      "publications without a position, and frames of other kinds",
      [
        log(
          welcome(0),
          received({ type: "typing", topic, ts: 5, data: null }),
          received({ type: "pong", ts: 5 }),
          received({ type: "ack", id: 3, topic, epoch: "e1", offset: 1 }),
          publication(1),
        ),
      ],
      [ack(1)],
    ],
    [
      "a retry with the same key, answered with the first position",
      [log(welcome(0), publication(1, { key: "k" }), publication(2))],
      [ack(1, { key: "k" }), ack(2), ack(1, { key: "k" })],
    ],
  ];

  for (const [name, logs, acks] of good) {
    test(name, () => {
      expect(checkHistory(logs, acks).violations).toEqual([]);
    });
  }
});

describe("continuity", () => {
  test("a skipped offset is a gap", () => {
    expect(kinds([log(welcome(0), publication(1), publication(3))])).toEqual(["gap"]);
  });

  test("the first publication after a subscribe must be the next one", () => {
    expect(kinds([log(welcome(5), publication(7))])).toEqual(["gap"]);
  });

  test("a replay that leaves out its beginning is a gap", () => {
    const entries = [welcome(0), publication(1), disconnected, subscribed(4, true), ...publications(3, 4)];
    expect(kinds([log(...entries)])).toEqual(["gap"]);
  });

  test("a break that is announced ends before a skipped offset", () => {
    expect(kinds([log(welcome(0), publication(1), subscribed(5, false), publication(7))])).toEqual(["gap"]);
  });

  test("one position twice is a duplicate", () => {
    expect(kinds([log(welcome(0), publication(1), publication(2), publication(2))])).toEqual(["duplicate"]);
  });

  test("a replay of what was seen already is a duplicate", () => {
    const entries = [
      welcome(0),
      ...publications(1, 3),
      disconnected,
      subscribed(4, true),
      ...publications(3, 4),
    ];
    expect(kinds([log(...entries)])).toEqual(["duplicate"]);
  });

  test("a live publication overtaken by a later one is a gap and a disorder", () => {
    expect(kinds([log(welcome(0), publication(2), publication(1))])).toEqual(["gap", "disorder"]);
  });

  test("history from before the subscription is a disorder, save the recent notifications", () => {
    expect(kinds([log(welcome(5), publication(4), publication(6))])).toEqual(["disorder"]);
  });

  test("publications without a subscription are strays", () => {
    const afterwards = [
      welcome(0),
      publication(1),
      received({ type: "unsubscribed", topic }),
      publication(2),
    ];
    expect(kinds([log(publication(1))])).toEqual(["stray"]);
    expect(kinds([log(...afterwards)])).toEqual(["stray"]);
    expect(kinds([log(welcome(0), disconnected, publication(1))])).toEqual(["stray"]);
  });
});

describe("recoveries", () => {
  test("recovered in another epoch is false", () => {
    const entries = [welcome(0), publication(1), disconnected, subscribed(1, true, "e2")];
    expect(kinds([log(...entries)])).toEqual(["false_recovery"]);
  });

  test("recovered to below the position asked for is false", () => {
    const entries = [welcome(0), ...publications(1, 3), disconnected, subscribed(2, true)];
    expect(kinds([log(...entries)], [], false)).toEqual(["false_recovery"]);
  });

  test("it is judged by the position asked for, where the log tells it", () => {
    const entries = [welcome(0), ...publications(1, 3), disconnected, resume(9), subscribed(5, true)];
    expect(kinds([log(...entries)], [], false)).toEqual(["false_recovery"]);
  });

  test("recovered without anything to recover from is unfounded", () => {
    expect(kinds([log(subscribed(3, true))])).toEqual(["unfounded_recovery"]);
  });

  test("a break or a new subscription may not lead back within an epoch", () => {
    const seenThree = [welcome(0), ...publications(1, 3)];
    expect(kinds([log(...seenThree, subscribed(1, false))], [], false)).toEqual(["backwards"]);
    expect(kinds([log(...seenThree, disconnected, welcome(2))], [], false)).toEqual(["backwards"]);
  });

  test("breaks are counted", () => {
    const entries = [welcome(0), subscribed(3, false), publication(4), subscribed(0, false, "e2")];
    expect(checkHistory([log(...entries)], [])).toEqual({
      violations: [],
      breaks: 2,
      deliveries: 1,
      epochs: 2,
    });
  });

  test("an epoch that has ended does not come back", () => {
    const entries = [welcome(4), subscribed(0, false, "e2"), subscribed(4, false)];
    expect(kinds([log(...entries)], [], false)).toEqual(["revived_epoch"]);
    const again = [welcome(4), disconnected, welcome(4), publication(5), subscribed(0, false, "e2")];
    expect(kinds([log(...again)])).toEqual([]);
  });
});

describe("one order for all", () => {
  test("one position with two contents is a divergence", () => {
    const logs = [
      logOf("alice", welcome(0), publication(1)),
      logOf("bob", welcome(0), publication(1, { message: "something else" })),
    ];
    expect(kinds(logs)).toEqual(["divergence"]);
  });

  test("two subscribers who see two publications in opposite order diverge", () => {
    const logs = [
      logOf(
        "alice",
        welcome(0),
        publication(1, { ts: 1, message: "a" }),
        publication(2, { ts: 1, message: "b" }),
      ),
      logOf(
        "bob",
        welcome(0),
        publication(1, { ts: 1, message: "b" }),
        publication(2, { ts: 1, message: "a" }),
      ),
    ];
    expect(kinds(logs)).toEqual(["divergence", "divergence"]);
  });

  test("the same offset in another epoch is another position", () => {
    const logs = [
      logOf(
        "alice",
        welcome(0),
        publication(1),
        subscribed(0, false, "e2"),
        publication(1, { message: "new" }),
      ),
    ];
    expect(kinds(logs)).toEqual([]);
  });

  test("one key at two positions is repeated, in publications and in acks", () => {
    const twice = [welcome(0), publication(1, { key: "k" }), publication(2, { key: "k" })];
    expect(kinds([log(...twice)])).toEqual(["repeated_key"]);
    const acks = [ack(1, { key: "k" }), ack(2, { key: "k" })];
    expect(kinds([log(welcome(0), ...publications(1, 2))], acks)).toContain("repeated_key");
  });
});

describe("acknowledged means delivered", () => {
  test("what stands at the position must be what was published", () => {
    const logs = [log(welcome(0), publication(1, { data: { a: [1] } }))];
    expect(kinds(logs, [ack(1, { data: { a: [1] }, event: "message" })])).toEqual([]);
    expect(kinds(logs, [ack(1, { message: "other" })])).toEqual(["ack_mismatch"]);
    expect(kinds(logs, [ack(1, { data: { a: [2] } })])).toEqual(["ack_mismatch"]);
    expect(kinds(logs, [ack(1, { event: "alert" })])).toEqual(["ack_mismatch"]);
    expect(kinds(logs, [ack(1, { key: "k" })])).toEqual(["ack_mismatch"]);
  });

  test("one position for two publishes is a collision", () => {
    const logs = [log(welcome(0), publication(1))];
    expect(kinds(logs, [ack(1), ack(1, { publisher: "radio" })])).toEqual(["ack_collision"]);
  });

  test("a publisher's acks ascend", () => {
    const logs = [log(welcome(0), ...publications(1, 2))];
    expect(kinds(logs, [ack(2), ack(1)])).toEqual(["ack_disorder"]);
    expect(kinds(logs, [ack(2), ack(1, { publisher: "radio" })])).toEqual([]);
  });

  test("an acknowledged publication that was skipped is lost, and its gap is seen", () => {
    const logs = [log(welcome(0), publication(1), publication(3))];
    expect(kinds(logs, [ack(2)])).toEqual(["gap", "lost_ack"]);
  });

  test("an acknowledged publication that never came to somebody connected is lost", () => {
    const logs = [
      logOf("alice", welcome(0), ...publications(1, 2)),
      logOf("bob", welcome(0), publication(1)),
    ];
    expect(kinds(logs, [ack(1), ack(2)])).toEqual(["lost_ack", "missing_tail"]);
  });

  test("nobody is owed what was acknowledged before, after or in a break of the subscription", () => {
    const logs = [
      logOf("late", welcome(2), publication(3)),
      logOf("gone", welcome(0), publication(1), disconnected),
      logOf("broken", welcome(0), publication(1), subscribed(2, false), publication(3)),
    ];
    expect(kinds(logs, [ack(1), ack(2), ack(3)])).toEqual([]);
  });

  test("a resume owes what was acknowledged while the subscriber was away", () => {
    const entries = [welcome(0), publication(1), disconnected, subscribed(2, true), publication(3)];
    expect(kinds([log(...entries)], [ack(2)])).toEqual(["gap", "lost_ack"]);
  });

  test("an ack beyond everything anybody saw is lost to all who stayed, once they had the time", () => {
    const logs = [log(welcome(0), publication(1))];
    expect(kinds(logs, [ack(2)])).toEqual(["lost_ack", "missing_tail"]);
    expect(kinds(logs, [ack(2)], false)).toEqual([]);
  });
});

describe("how it ends", () => {
  test("a replay that stops before the top it promised leaves the tail missing", () => {
    const entries = [welcome(0), publication(1), disconnected, subscribed(4, true), ...publications(2, 3)];
    expect(kinds([log(...entries)])).toEqual(["missing_tail"]);
  });

  test("somebody who stays in an epoch that others have left behind was not told", () => {
    const logs = [
      logOf("alice", welcome(0), publication(1), subscribed(0, false, "e2")),
      logOf("bob", welcome(0), publication(1)),
    ];
    expect(checkHistory(logs, []).violations).toMatchObject([{ kind: "left_behind", who: "bob" }]);
  });

  test("acks in an epoch that a subscriber never heard of leave it behind", () => {
    const logs = [log(welcome(0), publication(1))];
    expect(kinds(logs, [ack(1), ack(1, { epoch: "e2" })])).toEqual(["left_behind"]);
  });
});

describe("assertHistory", () => {
  test("returns the report where all is well", () => {
    expect(assertHistory([log(welcome(0), publication(1))], [ack(1)]).deliveries).toBe(1);
  });

  test("names the kind, who, the topic and the place", () => {
    const broken = () => assertHistory([log(welcome(0), publication(2))], []);
    expect(broken).toThrow("1 broken promises\n  gap (alice, news): offset 2 where 1 was due");
  });
});
