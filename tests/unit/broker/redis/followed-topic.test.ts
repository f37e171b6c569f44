import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FollowedTopic } from "../../../../src/broker/redis/followed-topic.ts";
import type { Entry, Reading } from "../../../../src/broker/redis/topic-reader.ts";
import type { Position } from "../../../../src/core/position.ts";
import { TopicLog } from "../../../../src/hub/topic-log.ts";

const bounds = { size: 50, ageMs: 1e12, bytes: 1e9, keyAgeMs: 1, keysMax: 1 };

interface Batch {
  readonly epoch: string;
  readonly first: number;
  readonly lines: string[];
}

/** What Redis would say: a stream of one topic, which tests trim, clear and put out of reach. */
class FakeRedis {
  epoch = "e1";
  top = 0;
  entries: Entry[] = [];
  isUp = true;
  #epochs = 1;
  #payloads = 0;
  /** Every publication by its position. */
  readonly published = new Map<string, string>();

  publish(count: number): Batch {
    const first = this.top + 1;
    const lines = Array.from({ length: count }, (_, index) => {
      const payload = `m${++this.#payloads}`;
      this.published.set(`${this.epoch}:${first + index}`, payload);
      return `1 message ,"message":"${payload}"}`;
    });
    this.top += count;
    this.entries.push({ last: this.top, lines });
    return { epoch: this.epoch, first, lines };
  }

  beginEpoch(): void {
    this.epoch = `e${++this.#epochs}`;
    this.top = 0;
    this.entries = [];
  }

  trim(count: number): void {
    this.entries.splice(0, count);
  }

  read(since: Position | null, entriesMax: number): Reading | null {
    if (!this.isUp) return null;
    const { epoch, top: offset } = this;
    if (since === null) return { epoch, offset, entries: this.entries.slice(-entriesMax) };
    const after = since.epoch === epoch ? since.offset : 0;
    return { epoch, offset, entries: this.entries.filter(({ last }) => last > after).slice(0, entriesMax) };
  }
}

/** A reader's view, which complains of a silent hole, a repetition, or a payload in the wrong place. */
class Reader {
  epoch: string | null = null;
  top = 0;
  readonly seen = new Map<string, string>();
  breaks = 0;

  begin(log: TopicLog): void {
    this.epoch = log.epoch;
    this.top = log.top;
  }

  deliver(log: TopicLog, offset: number, frame: string): void {
    if (this.epoch === null) return;
    if (log.epoch !== this.epoch || offset !== this.top + 1) {
      throw new Error(`${log.epoch}:${offset} after ${this.epoch}:${this.top}`);
    }
    this.top = offset;
    const place = `${log.epoch}:${offset}`;
    if (this.seen.has(place)) throw new Error(`${place} twice`);
    this.seen.set(place, JSON.parse(frame).message);
  }

  broke(log: TopicLog, offset: number): void {
    if (this.epoch === null) return;
    if (log.epoch === this.epoch && offset < this.top) throw new Error("back in the same epoch");
    this.epoch = log.epoch;
    this.top = offset;
    this.breaks++;
  }
}

function follow(redis: FakeRedis, options: { entriesMax?: number } = {}) {
  const reader = new Reader();
  const counters = { received: 0, duplicates: 0, healed: 0, breaks: 0, invalid: 0 };
  let reads = 0;
  const topic = new FollowedTopic("t", {
    read: async (_, since) => {
      reads++;
      const reading = redis.read(since, options.entriesMax ?? 1000);
      await Bun.sleep(0);
      return reading;
    },
    createLog: (name, epoch) => new TopicLog(name, epoch, bounds),
    append: (log, { publication }, isNews) => {
      log.append(publication);
      if (isNews) reader.deliver(log, publication.offset, publication.frame);
    },
    restart: (log, epoch, offset) => log.restart(epoch, offset),
    broke: (log, offset) => reader.broke(log, offset),
    counters,
  });
  void topic.joined.then((log) => reader.begin(log));
  const send = ({ epoch, first, lines }: Batch) => topic.batch({ kind: "batch", epoch, first, lines });
  return { topic, reader, counters, send, reads: () => reads };
}

async function settled(topic: FollowedTopic): Promise<void> {
  await topic.catchUp();
  for (let turn = 0; turn < 20; turn++) await Bun.sleep(0);
}

describe("a followed topic", () => {
  test("begins with what Redis holds, and goes on with what arrives", async () => {
    const redis = new FakeRedis();
    redis.publish(3);
    const { topic, reader, send, counters } = follow(redis);
    await topic.catchUp();
    const log = await topic.joined;
    expect([log.epoch, log.top]).toEqual(["e1", 3]);
    expect(log.range(1, 3, 10, 1e6)?.map(({ offset }) => offset)).toEqual([2, 3]);
    send(redis.publish(2));
    expect(reader.top).toBe(5);
    expect(counters).toEqual({ received: 2, duplicates: 0, healed: 0, breaks: 0, invalid: 0 });
  });

  test("what arrives while it is read is neither lost nor repeated", async () => {
    const redis = new FakeRedis();
    redis.publish(2);
    const { topic, reader, send, counters } = follow(redis);
    const begun = topic.catchUp();
    send(redis.publish(1));
    send(redis.publish(2));
    await begun;
    await settled(topic);
    expect(reader.top).toBe(5);
    expect(counters.breaks).toBe(0);
  });

  test("a hole is read from the stream, once for all that arrives meanwhile", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send, counters, reads } = follow(redis);
    await settled(topic);
    const before = reads();
    redis.publish(2);
    for (let count = 0; count < 5; count++) send(redis.publish(1));
    await settled(topic);
    expect(reader.top).toBe(7);
    expect(counters).toMatchObject({ breaks: 0, invalid: 0 });
    expect(counters.healed).toBeGreaterThanOrEqual(2);
    expect(reads() - before).toBeLessThanOrEqual(4);
  });

  test("a flood while it is read is not held without end, and nothing of it is missing", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send } = follow(redis);
    await settled(topic);
    redis.publish(1);
    for (let count = 0; count < 3000; count++) send(redis.publish(1));
    for (let turn = 0; turn < 20; turn++) await Bun.sleep(0);
    expect([reader.top, reader.breaks]).toEqual([3001, 0]);
  });

  test("a hole among what arrived while it was read is read by itself", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send } = follow(redis);
    await settled(topic);
    redis.publish(1);
    send(redis.publish(1));
    // The reading is under way, and has seen what there was before these.
    redis.publish(1);
    send(redis.publish(1));
    for (let turn = 0; turn < 20; turn++) await Bun.sleep(0);
    expect([reader.top, reader.breaks]).toEqual([4, 0]);
  });

  test("a hole that the stream no longer fills is told, at the place where it ends", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send } = follow(redis);
    await settled(topic);
    redis.publish(4);
    redis.trim(1);
    send(redis.publish(1));
    await settled(topic);
    expect([reader.breaks, reader.top, [...reader.seen.keys()]]).toEqual([1, 5, ["e1:5"]]);
  });

  test("without any history a hole is told as well, and it does not read for ever", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send, reads } = follow(redis);
    await settled(topic);
    redis.publish(4);
    const last = redis.publish(1);
    redis.trim(2);
    send(last);
    await settled(topic);
    expect([reader.breaks, reader.top]).toEqual([1, 5]);
    expect(reads()).toBeLessThan(8);
  });

  test("a new epoch is told before anything of it, and begins at its first publication", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send } = follow(redis);
    await settled(topic);
    send(redis.publish(3));
    redis.beginEpoch();
    redis.publish(1);
    send(redis.publish(1));
    await settled(topic);
    expect([reader.epoch, reader.top, reader.breaks]).toEqual(["e2", 2, 1]);
    expect([...reader.seen.keys()]).toEqual(["e1:1", "e1:2", "e1:3", "e2:1", "e2:2"]);
  });

  test("what is late, of an epoch that is over, changes nothing", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send } = follow(redis);
    await settled(topic);
    const late = redis.publish(1);
    redis.beginEpoch();
    send(redis.publish(1));
    await settled(topic);
    send(late);
    await settled(topic);
    expect([reader.epoch, reader.top, reader.breaks]).toEqual(["e2", 1, 1]);
  });

  test("a damaged line is read from the stream; where it is damaged there too, that one is passed over", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send, counters } = follow(redis);
    await settled(topic);
    const { epoch, first, lines } = redis.publish(3);
    send({ epoch, first, lines: [lines[0]!, "garbage", lines[2]!] });
    await settled(topic);
    expect([reader.top, reader.breaks, counters.invalid]).toEqual([3, 0, 1]);
    const stored = redis.publish(3);
    redis.entries.at(-1)!.lines as string[];
    (redis.entries.at(-1)!.lines as string[])[1] = "garbage";
    send(stored);
    await settled(topic);
    expect([reader.top, reader.breaks, reader.seen.has("e1:5")]).toEqual([6, 1, false]);
  });

  test("begun without Redis it tells where it really stands when that is back, and repeats nothing old", async () => {
    const redis = new FakeRedis();
    redis.isUp = false;
    redis.publish(3);
    const { topic, reader } = follow(redis);
    void topic.catchUp();
    topic.beginAlone("alone");
    await settled(topic);
    expect([reader.epoch, topic.isStale]).toEqual(["alone", true]);
    redis.isUp = true;
    await settled(topic);
    expect([reader.epoch, reader.top, reader.breaks, reader.seen.size]).toEqual(["e1", 3, 1, 0]);
    expect(topic.log?.range(0, 3, 10, 1e6)).toHaveLength(3);
  });

  test("closed in the midst of a reading it delivers nothing any more", async () => {
    const redis = new FakeRedis();
    const { topic, reader, send } = follow(redis);
    await settled(topic);
    redis.publish(1);
    send(redis.publish(1));
    topic.close();
    await settled(topic);
    expect(reader.top).toBe(0);
  });

  test("whatever is lost, late, doubled or damaged: no silent hole, no repetition, all of it in the end", async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 4 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constantFrom("lose", "again", "late", "turn", "damage", "look") }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("trim", "epoch", "down", "up") }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, entriesMax) => {
          const redis = new FakeRedis();
          const { topic, reader, send } = follow(redis, { entriesMax });
          void topic.catchUp();
          const held: Batch[] = [];
          let last: Batch | null = null;
          for (const { do: action, ...more } of steps) {
            if (action === "publish" && redis.isUp) {
              last = redis.publish((more as { count: number }).count);
              send(last);
            } else if (action === "lose" && redis.isUp) last = redis.publish(1);
            else if (action === "late" && redis.isUp) held.push(redis.publish(2));
            else if (action === "again" && last !== null) send(last);
            else if (action === "damage" && last !== null)
              send({ ...last, lines: last.lines.map(() => "x") });
            else if (action === "turn") for (const batch of held.splice(0)) send(batch);
            else if (action === "look") void topic.catchUp();
            else if (action === "trim") redis.trim(1);
            else if (action === "epoch") redis.beginEpoch();
            else if (action === "down") redis.isUp = false;
            else if (action === "up") {
              redis.isUp = true;
              void topic.catchUp();
            }
            if (action === "turn" || action === "look") await Bun.sleep(0);
          }
          redis.isUp = true;
          for (const batch of held) send(batch);
          await settled(topic);
          await settled(topic);
          expect([reader.epoch, reader.top]).toEqual([redis.epoch, redis.top]);
          for (const [place, payload] of reader.seen) expect(payload).toBe(redis.published.get(place)!);
        },
      ),
      { numRuns: 300 },
    );
  });
});
