import { describe, expect, test } from "bun:test";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { EventStreamClient } from "./event-stream-client.ts";
import { freshTopic, offsetsOf, texts, useServer } from "./use-server.ts";

const server = useServer();

describe("an event stream", () => {
  test("begins with how long to wait before coming back, and where the topics stand", async () => {
    const [known, fresh] = [freshTopic(), freshTopic()];
    const [ack] = await server.publish(known, texts(2));
    const stream = await server.read(`topic=${known}&topic=${fresh}`);
    expect(stream.retryMs).toBe(2000);
    expect(stream.events[0]).toBe(stream.first);
    expect(stream.first.data).toEqual([
      { topic: known, epoch: ack!.epoch, offset: 2 },
      { topic: fresh, epoch: stream.first.data[1].epoch, offset: 0 },
    ]);
  });

  test("is not cached, not buffered by proxies, and says what it is", async () => {
    const { response } = await server.read(`topic=${freshTopic()}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toContain("no-cache");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
  });

  test("delivers what a WebSocket delivers, under the publication's type", async () => {
    const topic = freshTopic();
    const stream = await server.read(`topic=${topic}`);
    const client = await server.connect(`topics=${topic}`);
    await server.publish(topic, ["line\nbreak\r\u2028 ü"], {
      event: "order.created",
      data: { a: [null] },
      key: "k",
    });
    const event = await stream.next("order.created");
    expect(event.data).toEqual(await client.next("order.created"));
    expect(event.data).toMatchObject({ topic, offset: 1, message: "line\nbreak\r\u2028 ü" });
  });

  test("every event has an id, which is short and fits a URL", async () => {
    const topic = freshTopic();
    const stream = await server.read(`topic=${topic}&user_id=alice`);
    await server.publish(topic, texts(3));
    await server.publish(topic, ["unstored"], { store: false });
    await stream.take(topic, 4);
    for (const { id } of stream.events) expect(id).toMatch(/^c1\.[A-Za-z0-9_.~-]{10,200}$/);
    expect(stream.events.at(-1)!.id).toBe(stream.events.at(-2)!.id);
  });

  test("a burst comes whole and in order, to all who read it in whatever company", async () => {
    const [topic, other] = [freshTopic(), freshTopic()];
    const streams = [
      await server.read(`topic=${topic}`),
      await server.read(`topic=${topic}`),
      await server.read(`topic=${other}&topic=${topic}`),
    ];
    await server.publish(topic, texts(500));
    for (const stream of streams) {
      expect(offsetsOf(await stream.take(topic, 500))).toEqual(
        Array.from({ length: 500 }, (_, index) => index + 1),
      );
    }
  });

  test("who comes in the midst of a burst gets the rest of it, from where it was told", async () => {
    const topic = freshTopic();
    const burst = server.publish(topic, texts(300));
    const stream = await server.read(`topic=${topic}`);
    await burst;
    await server.publish(topic, ["last"]);
    const { offset } = stream.first.data[0];
    const rest = await stream.take(topic, 301 - offset);
    expect(offsetsOf(rest)).toEqual(Array.from({ length: 301 - offset }, (_, index) => offset + 1 + index));
  });

  test("a user's own topic is read too, and counted as the user's presence", async () => {
    const topic = freshTopic();
    const stream = await server.read(`topic=${topic}&user_id=carol`);
    await server.publish("user:carol", ["for carol"]);
    expect((await stream.take("user:carol", 1))[0]!.data.message).toBe("for carol");
    const client = await server.connect("topics=");
    const presence = await client.request({ type: "presence", topic });
    expect(presence).toMatchObject({ members: [{ user_id: "carol", connections: 1 }], connections: 1 });
  });

  test("a reader that leaves is forgotten at once", async () => {
    const topic = freshTopic();
    const stream = await server.read(`topic=${topic}&user_id=dave`);
    const client = await server.connect("topics=");
    const connections = async () => (await client.request({ type: "presence", topic })).connections;
    expect(await connections()).toBe(1);
    await stream.close();
    await until(async () => (await connections()) === 0);
    expect(await (await fetch(`${server.url}/status`)).json()).toMatchObject({
      connections: { active: { sse: 0 } },
    });
  });

  test("up to 32 topics, and no more", async () => {
    const query = (count: number) =>
      Array.from({ length: count }, (_, index) => `topic=many-${index}`).join("&");
    const stream = await server.read(query(32));
    expect(stream.first.data).toHaveLength(32);
    expect(stream.first.id!.length).toBeLessThan(4096);
    await server.publish("many-31", ["m"]);
    await stream.take("many-31", 1);
    const resumed = await server.read(query(32), { "last-event-id": stream.lastEventId });
    expect(resumed.first.data.every(({ recovered }: { recovered: boolean }) => recovered)).toBe(true);
    const refused = await EventStreamClient.open(server.url, query(33));
    expect(refused.response.status).toBe(413);
  });

  test.each([
    ["no topic", "", 422, "topic"],
    ["a bad topic", "topic=a%20b", 422, "topics"],
    ["a bad user id", "topic=a&user_id=a/b", 422, "user_id"],
    ["a bad cursor", "topic=a&since=nonsense", 422, "since"],
  ])("with %s is refused, and says why", async (_, query, status, named) => {
    const response = await fetch(`${server.url}/events?${query}`);
    expect(response.status).toBe(status);
    const body = (await response.json()) as { error: { code: string; message: string } };
    expect(body.error.code).toBe("invalid");
    expect(body.error.message).toContain(`${named}:`);
  });
});

describe("a break", () => {
  test("is told in its place, and resuming behind it goes on in the new epoch", async () => {
    const topic = freshTopic();
    const stream = await server.read(`topic=${topic}`);
    await server.publish(topic, texts(2));
    await stream.take(topic, 2);
    const beforeBreak = stream.lastEventId;
    await server.clearHistory(topic);
    const told = await stream.next("subscribed");
    const [after] = await server.publish(topic, ["after"]);
    expect(told.data).toEqual([{ topic, epoch: after!.epoch, offset: 0, recovered: false }]);
    expect(offsetsOf(await stream.take(topic, 1))).toEqual([1]);
    const behind = await server.read(`topic=${topic}`, { "last-event-id": told.id! });
    expect(behind.first.data[0]).toMatchObject({ offset: 1, recovered: true });
    const before = await server.read(`topic=${topic}`, { "last-event-id": beforeBreak });
    expect(before.first.data[0]).toMatchObject({ offset: 1, recovered: false });
  });
});

describe("settings", () => {
  test("heartbeats come while nothing else does, and retry is what was asked for", async () => {
    const other = await startTestServer({ sseHeartbeatMs: 100, sseRetryMs: 700 });
    const stream = await EventStreamClient.subscribed(other.url, "topic=quiet");
    const publisher = await WebSocketClient.welcomed(other.url, "topics=");
    try {
      expect(stream.retryMs).toBe(700);
      await until(() => stream.comments.length >= 3);
      publisher.send({ type: "publish", topic: "quiet", message: "still here" });
      expect((await stream.take("quiet", 1))[0]!.data.message).toBe("still here");
    } finally {
      await stream.close();
      await publisher.close();
      await other.stop();
    }
  });

  test("MAX_CONNECTIONS counts streams and WebSockets together", async () => {
    const full = await startTestServer({ maxConnections: 2 });
    const client = await WebSocketClient.welcomed(full.url, "topics=");
    const stream = await EventStreamClient.subscribed(full.url, "topic=t");
    try {
      const response = await fetch(`${full.url}/events?topic=t`);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { code: "unavailable" } });
      await client.close();
      await until(async () => {
        const late = await EventStreamClient.open(full.url, "topic=t");
        await late.close();
        return late.response.status === 200;
      });
    } finally {
      await stream.close();
      await client.close();
      await full.stop();
    }
  });
});
