import { describe, expect, test } from "bun:test";
import { startTestServer } from "../../support/server.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { freshTopic, story, takePublications, texts, useServer } from "./use-server.ts";

const server = useServer();

const topicsOf = (welcome: Record<string, unknown>) =>
  (welcome.topics as { topic: string }[]).map(({ topic }) => topic);

describe("welcome", () => {
  test("is the first frame, and says who, where and how things stand", async () => {
    const topic = freshTopic();
    await server.publish(topic, texts(2));
    const client = await server.connect(`topics=${topic}&user_id=alice`);
    expect(client.received[0]).toBe(client.welcome);
    const { connection_id, node, message, topics, ...rest } = client.welcome;
    expect(rest).toEqual({ type: "welcome", user_id: "alice", role: "chat", ping_interval: 30 });
    expect(connection_id).toMatch(/^[A-Za-z0-9_-]{20}$/);
    expect([typeof node, typeof message]).toEqual(["string", "string"]);
    expect(topics).toEqual([
      { topic, epoch: topics[0].epoch, offset: 2 },
      { topic: "user:alice", epoch: topics[1].epoch, offset: 0 },
    ]);
  });

  test("without topics: those of the earlier servers, and the user's own with a user id", async () => {
    const client = await server.connect("");
    expect(topicsOf(client.welcome)).toEqual(["chat", "notifications", "alerts"]);
    expect(client.welcome.user_id).toBeNull();
    const alice = await server.connect("user_id=alice");
    expect(topicsOf(alice.welcome)).toEqual(["chat", "notifications", "alerts", "user:alice"]);
  });

  test("with empty topics: none", async () => {
    expect((await server.connect("topics=")).welcome.topics).toEqual([]);
  });

  test("what is published to a user's own topic reaches each of its connections", async () => {
    const clients = [
      await server.connect("topics=&user_id=bob"),
      await server.connect("topics=&user_id=bob"),
    ];
    await server.publish("user:bob", ["for bob"]);
    for (const client of clients) {
      expect((await takePublications(client, "user:bob", 1))[0]).toMatchObject({ message: "for bob" });
    }
  });

  test.each([
    ["", "chat"],
    ["client=admin", "admin"],
    ["client=user", "user"],
  ])("role of ?%s is %s", async (query, role) => {
    expect((await server.connect(`topics=&${query}`)).welcome.role).toBe(role);
  });

  test("connections have ids of their own", async () => {
    const ids = new Set<string>();
    for (let count = 0; count < 5; count++) ids.add((await server.connect()).welcome.connection_id);
    expect(ids.size).toBe(5);
  });

  test("with since: recovered for each topic, then the replays, then live ones", async () => {
    const [known, lost, unknown] = [freshTopic(), freshTopic(), freshTopic()];
    const [ack] = await server.publish(known, texts(3));
    await server.publish(lost, texts(3));
    const since = `${known}:${ack!.epoch}:1,${lost}:some-other-epoch:1`;
    const client = await server.connect(`topics=${known},${lost},${unknown}&since=${since}`);
    expect(
      client.welcome.topics.map(({ topic, offset, recovered }: Record<string, unknown>) => [
        topic,
        offset,
        recovered,
      ]),
    ).toEqual([
      [known, 3, true],
      [lost, 3, false],
      [unknown, 0, false],
    ]);
    await server.publish(known, texts(1, 4));
    await takePublications(client, known, 3);
    expect(story(client, known)).toEqual([2, 3, 4]);
    expect(story(client, lost)).toEqual([]);
  });

  test("settings show: the default role and the ping interval", async () => {
    const other = await startTestServer({ defaultClient: "user", pingIntervalMs: 1500 });
    try {
      const client = await WebSocketClient.welcomed(other.url);
      expect([client.welcome.role, client.welcome.ping_interval]).toEqual(["user", 1.5]);
      await client.close();
    } finally {
      await other.stop();
    }
  });
});
