import { describe, expect, test } from "bun:test";
import { parseCursor } from "../../../src/core/cursor.ts";
import { Failure } from "../../../src/core/failure.ts";
import { EventStream } from "../../../src/transport/event-stream.ts";
import { EventStreamFanOut } from "../../../src/transport/event-stream-fan-out.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { publicationAt } from "../hub/publications.ts";

interface Event {
  readonly type: string;
  readonly id: string | null;
  readonly data: Record<string, unknown>;
}

const decoder = new TextDecoder();

/** A stream, and what it was sent. */
class Reader {
  readonly stream: EventStream;
  readonly chunks: Uint8Array[] = [];

  constructor(id: string, onEnd: (stream: EventStream) => void = () => {}) {
    this.stream = new EventStream(id, null, 0, onEnd);
    const sendChunk = this.stream.sendChunk.bind(this.stream);
    this.stream.sendChunk = (chunk) => {
      this.chunks.push(chunk);
      sendChunk(chunk);
    };
  }

  get events(): Event[] {
    return this.chunks
      .map((chunk) => decoder.decode(chunk))
      .join("")
      .split("\n\n")
      .filter((block) => block.startsWith("event:"))
      .map((block) => {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? null;
        return { type: field("event")!, id: field("id"), data: JSON.parse(field("data")!) };
      });
  }

  get offsets(): unknown[] {
    return this.events.map(({ data }) => data.offset);
  }
}

function positionIn(id: string | null, topic: string) {
  const cursor = parseCursor(id ?? "");
  if (cursor instanceof Failure) throw new Error(`an id that cannot be read: ${id}`);
  return cursor.positionOf(topic);
}

function start(sent: (stream: EventStream) => void = () => {}) {
  const { scheduler } = createFakePorts();
  const counters = { deliveries: { websocket: 0, sse: 0 }, bytesSent: { websocket: 0, sse: 0 } };
  const fanOut = new EventStreamFanOut(counters, scheduler, sent);
  const channel = (topic: string, subscribers = 1) => ({ topic, native: `sse/${topic}`, subscribers });
  /** As the server does it when a stream has joined topics. */
  const join = (
    reader: Reader,
    topics: Record<string, number>,
    all = Object.keys(topics),
    watched: readonly string[] = [],
  ) => {
    fanOut.place(reader.stream, all, (topic) => watched.includes(topic));
    for (const [topic, offset] of Object.entries(topics)) {
      if (reader.stream.group !== null) fanOut.reached(reader.stream.group, topic, "e", offset);
    }
  };
  const deliver = (topic: string, offset: number) =>
    fanOut.deliver(channel(topic), publicationAt(offset, { topic }));
  return { scheduler, fanOut, channel, join, deliver, counters };
}

describe("fan-out to event streams", () => {
  test("the events of a turn are one chunk that all readers of the same topics share", () => {
    const { scheduler, join, deliver } = start();
    const [one, two] = [new Reader("one"), new Reader("two")];
    join(one, { b: 0, a: 0 });
    join(two, { a: 0, b: 0 });
    deliver("a", 1);
    deliver("b", 1);
    deliver("a", 2);
    expect(one.chunks).toEqual([]);
    scheduler.turn();
    expect(one.chunks).toHaveLength(1);
    expect(two.chunks[0]).toBe(one.chunks[0]!);
    expect(one.events.map(({ data }) => [data.topic, data.offset])).toEqual([
      ["a", 1],
      ["b", 1],
      ["a", 2],
    ]);
  });

  test("each id is the cursor reached: this publication, and where the other topics were then", () => {
    const { scheduler, join, deliver } = start();
    const reader = new Reader("one");
    join(reader, { a: 3, b: 7 });
    deliver("a", 4);
    deliver("b", 8);
    scheduler.turn();
    const [first, second] = reader.events;
    expect([positionIn(first!.id, "a"), positionIn(first!.id, "b")]).toEqual([
      { epoch: "e", offset: 4 },
      { epoch: "e", offset: 7 },
    ]);
    expect([positionIn(second!.id, "a"), positionIn(second!.id, "b")]).toEqual([
      { epoch: "e", offset: 4 },
      { epoch: "e", offset: 8 },
    ]);
  });

  test("what has no position leaves the cursor where it is", () => {
    const { scheduler, fanOut, channel, join } = start();
    const reader = new Reader("one");
    join(reader, { a: 3 });
    fanOut.deliver(channel("a"), publicationAt(0));
    scheduler.turn();
    expect(positionIn(reader.events[0]!.id, "a")).toEqual({ epoch: "e", offset: 3 });
  });

  test("who joins within a turn gets neither twice nor misses what was published in it", () => {
    const { scheduler, join, deliver } = start();
    const [early, late] = [new Reader("early"), new Reader("late")];
    join(early, { a: 0 });
    deliver("a", 1);
    join(late, { a: 1 });
    deliver("a", 2);
    scheduler.turn();
    expect([early.offsets, late.offsets]).toEqual([[1, 2], [2]]);
  });

  test("a topic that is joined later: the cursor goes on holding the earlier ones", () => {
    const { scheduler, join, deliver } = start();
    const reader = new Reader("one");
    join(reader, { a: 3 });
    deliver("a", 4);
    join(reader, { b: 7 }, ["a", "b"]);
    deliver("b", 8);
    scheduler.turn();
    const [first, second] = reader.events;
    expect(positionIn(first!.id, "a")).toEqual({ epoch: "e", offset: 4 });
    expect(positionIn(second!.id, "a")).toEqual({ epoch: "e", offset: 4 });
    expect(positionIn(second!.id, "b")).toEqual({ epoch: "e", offset: 8 });
    deliver("a", 5);
    scheduler.turn();
    expect(positionIn(reader.events[2]!.id, "a")).toEqual({ epoch: "e", offset: 5 });
    expect(reader.offsets).toEqual([4, 8, 5]);
  });

  test("a break is told in its place, and moves the cursor to the new epoch", () => {
    const { scheduler, fanOut, channel, join, deliver } = start();
    const reader = new Reader("one");
    join(reader, { a: 3 });
    deliver("a", 4);
    fanOut.broke(channel("a"), "e2", 0);
    deliver("a", 1);
    scheduler.turn();
    expect(reader.events.map(({ type }) => type)).toEqual(["message", "subscribed", "message"]);
    expect(reader.events[1]!.data as unknown).toEqual([
      { topic: "a", epoch: "e2", offset: 0, recovered: false },
    ]);
    expect(reader.events.map(({ id }) => positionIn(id, "a"))).toEqual([
      { epoch: "e", offset: 4 },
      { epoch: "e2", offset: 0 },
      { epoch: "e2", offset: 1 },
    ]);
  });

  test("what one stream is told alone never claims what still waits for it", () => {
    const { scheduler, join, deliver } = start();
    const reader = new Reader("one");
    join(reader, { a: 3 });
    deliver("a", 4);
    reader.stream.tell("request", "{}");
    scheduler.turn();
    reader.stream.tell("request", "{}");
    expect(reader.events.map(({ type }) => type)).toEqual(["request", "message", "request"]);
    expect(reader.events.map(({ id }) => positionIn(id, "a")?.offset)).toEqual([3, 4, 4]);
  });

  test("what is told to all comes behind what waits", () => {
    const { join, deliver, fanOut } = start();
    const [one, two] = [new Reader("one"), new Reader("two")];
    join(one, { a: 0 });
    join(two, { b: 0 });
    deliver("a", 1);
    fanOut.tellAll("shutdown_notice", "{}");
    expect(one.events.map(({ type }) => type)).toEqual(["message", "shutdown_notice"]);
    expect(two.events.map(({ type }) => type)).toEqual(["shutdown_notice"]);
  });

  test("whoever leaves is first sent what waits, then nothing", () => {
    const { scheduler, join, deliver, fanOut } = start();
    const [one, two] = [new Reader("one"), new Reader("two")];
    join(one, { a: 0 });
    join(two, { a: 0 });
    deliver("a", 1);
    fanOut.remove(one.stream);
    deliver("a", 2);
    scheduler.turn();
    expect([one.offsets, two.offsets]).toEqual([[1], [1, 2]]);
    fanOut.remove(two.stream);
    deliver("a", 3);
    scheduler.turn();
    expect(two.offsets).toEqual([1, 2]);
    expect(scheduler.isBusy).toBe(false);
  });

  test("who joins a group whose last reader falls out in that moment is not left behind with it", () => {
    let evict: EventStream | null = null;
    const { scheduler, join, deliver, fanOut } = start((stream) => {
      if (stream === evict) stream.abort();
    });
    const slow = new Reader("slow", (stream) => fanOut.remove(stream));
    const joining = new Reader("joining");
    slow.stream.body
      .getReader()
      .read()
      .catch(() => {});
    join(slow, { a: 0 });
    deliver("a", 1);
    evict = slow.stream;
    join(joining, { a: 1 });
    deliver("a", 2);
    scheduler.turn();
    expect(joining.offsets).toEqual([2]);
  });

  test("members are told to those alone who may see them, topic by topic; publications to all", () => {
    const { scheduler, join, deliver, fanOut, channel } = start();
    const [none, some, equal, all] = ["none", "some", "equal", "all"].map((id) => new Reader(id));
    join(none!, { a: 0, b: 0 });
    join(some!, { a: 0, b: 0 }, ["a", "b"], ["a"]);
    join(equal!, { a: 0, b: 0 }, ["b", "a"], ["a"]);
    join(all!, { a: 0, b: 0 }, ["a", "b"], ["a", "b"]);
    fanOut.announce(channel("a"), "join", '{"topic":"a"}');
    fanOut.announce(channel("b"), "leave", '{"topic":"b"}');
    deliver("b", 1);
    scheduler.turn();
    const typesOf = (reader?: Reader) => reader!.events.map(({ type }) => type);
    expect(typesOf(none)).toEqual(["message"]);
    expect(typesOf(some)).toEqual(["join", "message"]);
    expect(equal!.chunks[0]).toBe(some!.chunks[0]!);
    expect(typesOf(all)).toEqual(["join", "leave", "message"]);
    expect(positionIn(none!.events[0]!.id, "b")).toEqual({ epoch: "e", offset: 1 });
  });

  test("who may see members, or may not any more, goes on where it was", () => {
    const { scheduler, join, deliver, fanOut, channel } = start();
    const reader = new Reader("one");
    join(reader, { a: 3 });
    const announce = (user: string) =>
      fanOut.announce(channel("a"), "join", JSON.stringify({ offset: user }));
    const see = (watched: readonly string[]) =>
      fanOut.place(reader.stream, ["a"], (topic) => watched.includes(topic));
    announce("unseen");
    deliver("a", 4);
    see(["a"]);
    announce("seen");
    see(["a"]);
    deliver("a", 5);
    see([]);
    announce("unseen");
    deliver("a", 6);
    scheduler.turn();
    expect(reader.offsets).toEqual([4, "seen", 5, 6]);
    expect(reader.events.map(({ id }) => positionIn(id, "a")?.offset)).toEqual([4, 4, 5, 6]);
    fanOut.remove(reader.stream);
    expect(scheduler.isBusy).toBe(false);
  });

  test("comments go to those who heard nothing since the last time", () => {
    const { scheduler, join, deliver, fanOut } = start();
    const [quiet, busy] = [new Reader("quiet"), new Reader("busy")];
    join(quiet, { a: 0 });
    join(busy, { b: 0 });
    deliver("b", 1);
    scheduler.turn();
    fanOut.beat();
    const texts = (reader: Reader) => reader.chunks.map((chunk) => decoder.decode(chunk));
    expect(texts(quiet)).toEqual([": heartbeat\n\n"]);
    expect(busy.chunks).toHaveLength(1);
    fanOut.beat();
    expect(busy.chunks).toHaveLength(2);
  });

  test("deliveries are counted for each reader", () => {
    const { fanOut, channel, counters } = start();
    const publication = publicationAt(1);
    fanOut.deliver(channel("a", 5), publication);
    expect(counters.deliveries.sse).toBe(5);
    expect(counters.bytesSent.sse).toBe(5 * publication.bytes);
  });
});
