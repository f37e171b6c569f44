import { describe, expect, test } from "bun:test";
import { freshTopic, story, takePublications, texts, useServer } from "./use-server.ts";

const server = useServer({ historySize: 50, resumeLimit: 20 });

describe("subscribing since a position", () => {
  test("what was missed, in order, then live ones", async () => {
    const topic = freshTopic();
    const [{ epoch }] = (await server.publish(topic, texts(5))) as [{ epoch: string }];
    const client = await server.connect();
    const answer = await client.request({ type: "subscribe", id: 1, topic, since: { epoch, offset: 2 } });
    expect(answer).toEqual({ type: "subscribed", id: 1, topic, epoch, offset: 5, recovered: true });
    await server.publish(topic, texts(2, 6));
    const publications = await takePublications(client, topic, 5);
    expect(publications.map(({ message }) => message)).toEqual(texts(5, 3));
    expect(story(client, topic)).toEqual(["subscribed@5 true", 3, 4, 5, 6, 7]);
  });

  test.each([
    ["at the top", { offset: 30 }, true, 0],
    ["within the limit", { offset: 10 }, true, 20],
    ["one beyond the limit", { offset: 9 }, false, 0],
    ["ahead of the top", { offset: 31 }, false, 0],
    ["in another epoch", { offset: 30, epoch: "another" }, false, 0],
  ])("%s", async (_, since, recovered, replayed) => {
    const topic = freshTopic();
    const [{ epoch }] = (await server.publish(topic, texts(30))) as [{ epoch: string }];
    const client = await server.connect();
    const answer = await client.request({ type: "subscribe", topic, since: { epoch, ...since } });
    expect([answer.offset, answer.recovered]).toEqual([30, recovered]);
    await server.publish(topic, ["live"]);
    const publications = await takePublications(client, topic, replayed + 1);
    expect(publications.at(-1)).toMatchObject({ offset: 31, message: "live" });
  });

  test("of what is no longer held: not recovered, live from the next", async () => {
    const topic = freshTopic();
    const [{ epoch }] = (await server.publish(topic, texts(60))) as [{ epoch: string }];
    const client = await server.connect();
    const answer = await client.request({ type: "subscribe", topic, since: { epoch, offset: 5 } });
    expect([answer.offset, answer.recovered]).toEqual([60, false]);
  });

  test("again: the stream restarts where it is told to, without a hole or a repeat behind it", async () => {
    const topic = freshTopic();
    const client = await server.connect(`topics=${topic}`);
    const { epoch } = client.welcome.topics[0];
    await server.publish(topic, texts(4));
    await takePublications(client, topic, 4);
    await client.request({ type: "subscribe", topic, since: { epoch, offset: 1 } });
    await takePublications(client, topic, 3);
    await client.request({ type: "subscribe", topic });
    await server.publish(topic, texts(1, 5));
    await takePublications(client, topic, 1);
    expect(story(client, topic)).toEqual([1, 2, 3, 4, "subscribed@4 true", 2, 3, 4, "subscribed@4", 5]);
    const presence = await client.request({ type: "presence", topic });
    expect(presence.connections).toBe(1);
  });

  test("commands on one topic are answered in their order", async () => {
    const topic = freshTopic();
    const client = await server.connect();
    for (let round = 0; round < 20; round++) {
      client.send({ type: "subscribe", id: `${round}s`, topic });
      client.send({ type: "publish", id: `${round}p`, topic, message: "m" });
      client.send({ type: "unsubscribe", id: `${round}u`, topic });
    }
    await client.next((frame) => frame.id === "19u");
    const ids = client.received.flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(ids).toEqual(
      Array.from({ length: 20 }, (_, round) => [`${round}s`, `${round}p`, `${round}u`]).flat(),
    );
  });
});

describe("resuming with the connection", () => {
  test("many topics with large replays: all of them, each without a hole, and more of one connection than its buffer", async () => {
    const topics = Array.from({ length: 12 }, freshTopic);
    const large = "x".repeat(60_000);
    const acks = await Promise.all(
      topics.map((topic) =>
        server.publish(
          topic,
          texts(15).map((text) => `${text} ${large}`),
        ),
      ),
    );
    const since = acks.map((ack, index) => `${topics[index]}:${ack[0]!.epoch}:0`).join(",");
    const client = await server.connect(`topics=${topics.join(",")}&since=${since}`);
    for (const topic of topics) await takePublications(client, topic, 15);
    await server.publish(topics[0]!, ["live"]);
    await takePublications(client, topics[0]!, 1);
    const answered = new Map(client.welcome.topics.map((state: { topic: string }) => [state.topic, state]));
    for (const [index, topic] of topics.entries()) {
      const offsets = story(client, topic).filter((entry) => typeof entry === "number");
      expect(offsets).toEqual(Array.from({ length: index === 0 ? 16 : 15 }, (_, at) => at + 1));
      if (!answered.has(topic)) expect(story(client, topic)[0]).toBe("subscribed@15 true");
    }
    // It is 10 MB, and a connection may be 4 MiB behind: some had to wait until the client had taken others.
    expect(answered.size).toBeLessThan(topics.length);
  });

  test("a client that comes back over and over misses nothing and gets nothing twice", async () => {
    const topic = freshTopic();
    const first = await server.connect(`topics=${topic}`);
    const { epoch } = first.welcome.topics[0];
    const seen: number[] = [];
    let published = 0;
    for (let round = 0; round < 8; round++) {
      const client = await server.connect(`topics=${topic}&since=${topic}:${epoch}:${seen.at(-1) ?? 0}`);
      expect(client.welcome.topics[0].recovered).toBe(true);
      await server.publish(topic, texts(3, published + 1));
      published += 3;
      while (seen.length < published - 1) {
        const [frame] = await takePublications(client, topic, 1);
        seen.push(frame!.offset);
      }
      await client.close();
    }
    expect(seen).toEqual(Array.from({ length: published - 1 }, (_, index) => index + 1));
  });
});

describe("a break", () => {
  test("is told to all who read, without an id, before anything later", async () => {
    const topic = freshTopic();
    const clients = [await server.connect(`topics=${topic}`), await server.connect(`topics=${topic}`)];
    await server.publish(topic, texts(2));
    await server.clearHistory(topic);
    const [after] = await server.publish(topic, ["after"]);
    expect(after).toMatchObject({ offset: 1 });
    for (const client of clients) {
      await takePublications(client, topic, 3);
      expect(story(client, topic)).toEqual([1, 2, "subscribed@0 false", 1]);
      const told = client.received.find(({ type }) => type === "subscribed");
      expect(told).toEqual({ type: "subscribed", topic, epoch: after!.epoch, offset: 0, recovered: false });
      expect(after!.epoch).not.toBe(client.welcome.topics[0].epoch);
    }
  });

  test("a resume into the ended epoch is not recovered", async () => {
    const topic = freshTopic();
    const [before] = await server.publish(topic, texts(2));
    await server.clearHistory(topic);
    await server.publish(topic, texts(3));
    const client = await server.connect();
    const answer = await client.request({
      type: "subscribe",
      topic,
      since: { epoch: before!.epoch, offset: 2 },
    });
    expect([answer.offset, answer.recovered]).toEqual([3, false]);
  });
});
