import { describe, expect, test } from "bun:test";
import { freshTopic, offsetsOf, texts, useServer } from "./use-server.ts";

const server = useServer({ backpressureLimitBytes: 2 * 1024 * 1024 });

/** A topic with five publications, and the id of the event that carried each of them. */
async function topicWithIds() {
  const topic = freshTopic();
  const stream = await server.read(`topic=${topic}`);
  const acks = await server.publish(topic, texts(5));
  const events = await stream.take(topic, 5);
  await stream.close();
  return { topic, epoch: acks[0]!.epoch as string, ids: [stream.first.id!, ...events.map(({ id }) => id!)] };
}

describe("resuming an event stream", () => {
  test("by Last-Event-ID: what was missed, each with its own id, then live ones", async () => {
    const { topic, epoch, ids } = await topicWithIds();
    const stream = await server.read(`topic=${topic}`, { "last-event-id": ids[2]! });
    expect(stream.first.data).toEqual([{ topic, epoch, offset: 5, recovered: true }]);
    const replayed = await stream.take(topic, 3);
    expect(offsetsOf(replayed)).toEqual([3, 4, 5]);
    expect(replayed.map(({ id }) => id)).toEqual(ids.slice(3));
    await server.publish(topic, texts(1, 6));
    expect(offsetsOf(await stream.take(topic, 1))).toEqual([6]);
  });

  test.each([
    ["last_event_id", (id: string) => `last_event_id=${id}`],
    ["since", (id: string) => `since=${id}`],
  ])("by ?%s=, with an event's id", async (_, parameter) => {
    const { topic, ids } = await topicWithIds();
    const stream = await server.read(`topic=${topic}&${parameter(ids[3]!)}`);
    expect(offsetsOf(await stream.take(topic, 2))).toEqual([4, 5]);
  });

  test("by a list of topic:epoch:offset", async () => {
    const [one, two] = [await topicWithIds(), await topicWithIds()];
    const since = `${one.topic}:${one.epoch}:3,${two.topic}:${two.epoch}:4`;
    const stream = await server.read(`topic=${one.topic}&topic=${two.topic}&since=${since}`);
    expect(offsetsOf(await stream.take(one.topic, 2))).toEqual([4, 5]);
    expect(offsetsOf(await stream.take(two.topic, 1))).toEqual([5]);
  });

  test("the header wins over last_event_id, and that over since", async () => {
    const { topic, ids } = await topicWithIds();
    const query = `topic=${topic}&last_event_id=${ids[2]}&since=${ids[1]}`;
    const byHeader = await server.read(query, { "last-event-id": ids[4]! });
    expect(offsetsOf(await byHeader.take(topic, 1))).toEqual([5]);
    const byQuery = await server.read(query);
    expect(offsetsOf(await byQuery.take(topic, 3))).toEqual([3, 4, 5]);
  });

  test("at the top: recovered, and nothing is replayed", async () => {
    const { topic, ids } = await topicWithIds();
    const stream = await server.read(`topic=${topic}`, { "last-event-id": ids[5]! });
    expect(stream.first.data[0]).toMatchObject({ offset: 5, recovered: true });
    await server.publish(topic, ["live"]);
    expect(offsetsOf(await stream.take(topic, 1))).toEqual([6]);
  });

  test("a header that cannot be read is a break, and not an error: browsers would give up", async () => {
    const { topic } = await topicWithIds();
    const stream = await server.read(`topic=${topic}`, { "last-event-id": "from-another-server" });
    expect(stream.first.data[0]).toMatchObject({ offset: 5, recovered: false });
  });

  test("topics that the cursor does not hold start live", async () => {
    const { topic, ids } = await topicWithIds();
    const other = await topicWithIds();
    const stream = await server.read(`topic=${topic}&topic=${other.topic}`, { "last-event-id": ids[4]! });
    expect(stream.first.data.map((state: { recovered: boolean }) => state.recovered)).toEqual([true, false]);
    await server.publish(other.topic, ["live"]);
    expect(offsetsOf(await stream.take(other.topic, 1))).toEqual([6]);
    expect(offsetsOf(await stream.take(topic, 1))).toEqual([5]);
  });

  test("cut in the midst of a replay of several topics: the next attempt goes on where this one was", async () => {
    const [one, two] = [await topicWithIds(), await topicWithIds()];
    const query = `topic=${one.topic}&topic=${two.topic}`;
    const first = await server.read(`${query}&since=${one.topic}:${one.epoch}:0,${two.topic}:${two.epoch}:0`);
    await Promise.all([first.take(one.topic, 5), first.take(two.topic, 5)]);
    const publications = first.events.filter(({ data }) => "ts" in data);
    for (const [index, { id }] of publications.entries()) {
      const stream = await server.read(query, { "last-event-id": id! });
      const missed = publications.slice(index + 1);
      expect(stream.first.data.every(({ recovered }: { recovered: boolean }) => recovered)).toBe(true);
      for (const topic of [one.topic, two.topic]) {
        const expected = offsetsOf(missed.filter(({ data }) => data.topic === topic));
        expect(offsetsOf(await stream.take(topic, expected.length))).toEqual(expected);
      }
      await stream.close();
    }
  });

  test("replays that are too much together: some topics are told that they were not recovered, none silently", async () => {
    const topics = Array.from({ length: 6 }, freshTopic);
    const large = "x".repeat(50_000);
    const acks = await Promise.all(topics.map((topic) => server.publish(topic, new Array(8).fill(large))));
    const since = acks.map((ack, index) => `${topics[index]}:${ack[0]!.epoch}:0`).join(",");
    const stream = await server.read(`${topics.map((topic) => `topic=${topic}`).join("&")}&since=${since}`);
    const states: { topic: string; recovered: boolean; offset: number }[] = stream.first.data;
    expect(states.map(({ recovered }) => recovered).sort()).toEqual([false, false, false, false, true, true]);
    for (const { topic, recovered } of states) {
      await server.publish(topic, ["live"]);
      const events = await stream.take(topic, recovered ? 9 : 1);
      expect(offsetsOf(events).at(-1)).toBe(9);
    }
  });
});

describe("from one transport to the other", () => {
  test("a WebSocket takes an event's id", async () => {
    const { topic, ids } = await topicWithIds();
    const client = await server.connect(`topics=${topic}&since=${ids[3]}`);
    expect(client.welcome.topics[0]).toMatchObject({ offset: 5, recovered: true });
    expect([(await client.next("message")).offset, (await client.next("message")).offset]).toEqual([4, 5]);
  });

  test("an event stream takes the positions that a WebSocket knows", async () => {
    const { topic } = await topicWithIds();
    const client = await server.connect(`topics=${topic}`);
    const { epoch, offset } = client.welcome.topics[0];
    await client.close();
    await server.publish(topic, texts(2, 6));
    const stream = await server.read(`topic=${topic}&since=${topic}:${epoch}:${offset}`);
    expect(offsetsOf(await stream.take(topic, 2))).toEqual([6, 7]);
  });
});
