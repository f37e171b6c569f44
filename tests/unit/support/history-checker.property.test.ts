import { expect, test } from "bun:test";
import fc from "fast-check";
import { checkHistory, type LogEntry, type SubscriberLog } from "../../support/history-checker.ts";

const topic = "news";
const epoch = "e1";

function publication(offset: number): LogEntry {
  return { kind: "frame", frame: { type: "message", topic, offset, ts: offset, message: `m${offset}` } };
}

function start(offset: number, recovered?: boolean): LogEntry {
  const outcome = recovered === undefined ? {} : { recovered };
  return { kind: "frame", frame: { type: "subscribed", topic, epoch, offset, ...outcome } };
}

interface History {
  readonly published: number;
  /** Where each subscriber joins, and after which publications it is away for how many. */
  readonly subscribers: readonly { readonly joinsAt: number; readonly absences: readonly Absence[] }[];
}

interface Absence {
  readonly after: number;
  readonly missed: number;
}

const histories: fc.Arbitrary<History> = fc.record({
  published: fc.integer({ min: 4, max: 30 }),
  subscribers: fc.array(
    fc.record({
      joinsAt: fc.integer({ min: 0, max: 3 }),
      absences: fc.array(
        fc.record({ after: fc.integer({ min: 4, max: 30 }), missed: fc.integer({ min: 0, max: 5 }) }),
        { maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

/** What a correct server lets each subscriber see: live publications, and replays after absences. */
function logsOf({ published, subscribers }: History): SubscriberLog[] {
  return subscribers.map(({ joinsAt, absences }, index) => {
    const entries: LogEntry[] = [start(joinsAt)];
    let offset = joinsAt;
    while (offset < published) {
      offset += 1;
      entries.push(publication(offset));
      const absence = absences.find(({ after }) => after === offset);
      if (absence === undefined) continue;
      entries.push({ kind: "disconnected" }, start(Math.min(published, offset + absence.missed), true));
    }
    return { subscriber: `subscriber ${index}`, entries };
  });
}

const acksOf = ({ published }: History) =>
  Array.from({ length: published }, (_, index) => ({ publisher: "press", topic, epoch, offset: index + 1 }));

/** The log of the first subscriber changed at one of its publications, chosen by `seed`. */
function corrupt(
  logs: readonly SubscriberLog[],
  seed: number,
  change: (entries: LogEntry[], at: number) => void,
): SubscriberLog[] {
  const [first, ...others] = logs;
  const entries = [...first!.entries];
  const places = [...entries.keys()].filter((at) => {
    const entry = entries[at]!;
    return entry.kind === "frame" && "ts" in entry.frame;
  });
  change(entries, places[seed % places.length]!);
  return [{ ...first!, entries }, ...others];
}

test("a correct history has no violation", () => {
  fc.assert(
    fc.property(histories, (history) => {
      expect(checkHistory(logsOf(history), acksOf(history)).violations).toEqual([]);
    }),
  );
});

const corruptions: readonly (readonly [what: string, change: (entries: LogEntry[], at: number) => void])[] = [
  ["lost", (entries, at) => entries.splice(at, 1)],
  ["delivered twice", (entries, at) => entries.splice(at, 0, entries[at]!)],
  ["of an offset skipped", (entries, at) => entries.splice(at, 1, publication(1_000))],
  ["delivered before its subscription", (entries, at) => entries.unshift(...entries.splice(at, 1))],
];

for (const [what, change] of corruptions) {
  test(`any one publication ${what} is found`, () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, seed) => {
        const logs = corrupt(logsOf(history), seed, change);
        expect(checkHistory(logs, acksOf(history)).violations).not.toBeEmpty();
      }),
    );
  });
}
