import { describe, expect, test } from "bun:test";
import { type Entry, Timeline } from "../../../src/web/page/chat/timeline.ts";

const failure = { code: "forbidden", message: "no", remedy: "ask" };

function entry(topic: string, offset: number, fields: Partial<Entry> = {}): Entry {
  return {
    id: `${topic} ${offset}`,
    kind: "message",
    ts: offset * 1000,
    text: `${topic}${offset}`,
    sender: "bob",
    own: false,
    delivery: "sent",
    place: { topic, epoch: "e", offset },
    ...fields,
  };
}

function waiting(key: string): Entry {
  return entry("chat", 0, {
    id: key,
    key,
    own: true,
    delivery: "pending",
    place: null,
    text: key,
    ts: 9_000_000,
  });
}

const textsOf = (timeline: Timeline) => timeline.entries.map(({ text }) => text);

describe("placed entries", () => {
  test("live ones are appended as they come, whatever their clocks say", () => {
    const timeline = new Timeline();
    expect(timeline.append(entry("a", 1, { ts: 5000 }))).toBe(true);
    expect(timeline.append(entry("b", 1, { ts: 10 }))).toBe(true);
    expect(textsOf(timeline)).toEqual(["a1", "b1"]);
  });

  test("one that is there already is not shown twice", () => {
    const timeline = new Timeline();
    timeline.append(entry("a", 1));
    expect(timeline.append(entry("a", 1))).toBe(false);
    timeline.merge([entry("a", 1), entry("a", 2)]);
    expect(textsOf(timeline)).toEqual(["a1", "a2"]);
  });

  test("the same offset of another epoch is another one", () => {
    const timeline = new Timeline();
    timeline.append(entry("a", 1));
    expect(timeline.append(entry("a", 1, { place: { topic: "a", epoch: "f", offset: 1 } }))).toBe(true);
  });

  test("history goes before what is live of its topic, even where clocks disagree", () => {
    const timeline = new Timeline();
    timeline.append(entry("a", 5, { ts: 1 }));
    timeline.merge([entry("a", 3), entry("a", 4)]);
    expect(textsOf(timeline)).toEqual(["a3", "a4", "a5"]);
  });

  test("between topics time decides", () => {
    const timeline = new Timeline();
    timeline.merge([entry("a", 1), entry("a", 4)]);
    timeline.merge([entry("b", 2), entry("b", 3)]);
    expect(textsOf(timeline)).toEqual(["a1", "b2", "b3", "a4"]);
  });

  test("the oldest go first when there are too many", () => {
    const timeline = new Timeline(3);
    for (let offset = 1; offset <= 5; offset += 1) timeline.append(entry("a", offset));
    expect(textsOf(timeline)).toEqual(["a3", "a4", "a5"]);
    // Forgotten, it may come again.
    expect(timeline.append(entry("a", 1))).toBe(true);
  });

  test("a removed one leaves no trace", () => {
    const timeline = new Timeline();
    timeline.append(entry("a", 1));
    timeline.remove("a 1");
    expect(timeline.entries).toEqual([]);
    expect(timeline.append(entry("a", 1))).toBe(true);
  });
});

describe("messages of one's own", () => {
  test("wait at the end until the server has placed them", () => {
    const timeline = new Timeline();
    timeline.send(waiting("k1"));
    timeline.append(entry("chat", 1));
    expect(textsOf(timeline)).toEqual(["chat1", "k1"]);
    timeline.append(entry("chat", 3));
    timeline.confirm("k1", { place: { topic: "chat", epoch: "e", offset: 2 } });
    expect(textsOf(timeline)).toEqual(["chat1", "k1", "chat3"]);
    expect(timeline.entries[1]).toMatchObject({ id: "k1", delivery: "sent" });
  });

  test("the ack and the publication may come in either order", () => {
    const place = { topic: "chat", epoch: "e", offset: 1 };
    const publication = entry("chat", 1, { own: true, key: "k1", text: "k1", ts: 42 });
    const ackFirst = new Timeline();
    ackFirst.send(waiting("k1"));
    ackFirst.confirm("k1", { place });
    expect(ackFirst.append(publication)).toBe(false);
    const publicationFirst = new Timeline();
    publicationFirst.send(waiting("k1"));
    publicationFirst.confirm("k1", { place, ts: 42 });
    publicationFirst.confirm("k1", { place });
    for (const timeline of [ackFirst, publicationFirst]) {
      expect(timeline.entries).toHaveLength(1);
      expect(timeline.entries[0]).toMatchObject({ ts: 42, delivery: "sent", place });
    }
  });

  test("a failed one keeps its key for another try", () => {
    const timeline = new Timeline();
    timeline.send(waiting("k1"));
    timeline.fail("k1", failure);
    expect(timeline.entries[0]).toMatchObject({ delivery: "failed", failure, key: "k1" });
    timeline.retry("k1");
    expect(timeline.entries[0]).toMatchObject({ delivery: "pending", key: "k1" });
    expect(timeline.entries[0]).not.toHaveProperty("failure");
    timeline.remove("k1");
    expect(timeline.entries).toEqual([]);
  });
});
