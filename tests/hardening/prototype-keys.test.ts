import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { EventStreamClient } from "../integration/event-stream/event-stream-client.ts";
import { startTestServer } from "../support/server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** What a careless copy would hang onto every object. */
const hostile =
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":[{"__proto__":{"polluted":1}}]}';

function expectUnpolluted(): void {
  const names = ["polluted", "store", "message", "topic", "role"];
  expect(names.filter((name) => name in {} || name in [] || name in Function.prototype)).toEqual([]);
}

async function post(path: string, body: string): Promise<Response> {
  return await fetch(server.url + path, { method: "POST", body });
}

describe("names of prototypes", () => {
  test("in data are data: passed on as they are, on every way out", async () => {
    const reader = await WebSocketClient.welcomed(server.url, "topics=as-it-is");
    const stream = await EventStreamClient.subscribed(server.url, "topic=as-it-is");
    try {
      reader.send(`{"type":"publish","topic":"as-it-is","id":1,"data":${hostile}}`);
      const live = await reader.next((frame) => "ts" in frame);
      const [event] = await stream.take("as-it-is", 1);
      const page = (await (await fetch(`${server.url}/topics/as-it-is/history`)).json()) as {
        publications: { data: unknown }[];
      };
      for (const { data } of [live, event!.data, page.publications[0]!]) {
        expect(JSON.stringify(data)).toBe(hostile);
      }
      expectUnpolluted();
    } finally {
      await reader.close();
      await stream.close();
    }
  });

  test("as fields of a frame or a body are no fields", async () => {
    const client = await WebSocketClient.welcomed(server.url, "topics=");
    try {
      client.send('{"type":"publish","id":1,"__proto__":{"topic":"t","message":"x"}}');
      expect(await client.next("error")).toMatchObject({
        id: 1,
        code: "invalid",
        message: "topic: is needed",
      });
      client.send('{"__proto__":{"type":"publish","topic":"t","message":"x"}}');
      expect(await client.next("error")).toMatchObject({ code: "invalid" });
      client.send('{"type":"__proto__","id":2}');
      expect(await client.next("error")).toMatchObject({ id: 2, code: "bad_request" });
      client.send('{"type":"constructor","id":3}');
      expect(await client.next("error")).toMatchObject({ id: 3, code: "bad_request" });
    } finally {
      await client.close();
    }
    const bodies: [path: string, body: string][] = [
      ["/publish", '{"__proto__":{"topic":"t","message":"x"}}'],
      ["/publish/batch", '{"__proto__":{"publications":[{"topic":"t","message":"x"}]}}'],
      ["/alerts", '{"__proto__":{"message":"x"}}'],
      ["/notify", '{"__proto__":{"message":"x"}}'],
      ["/sse/push", '{"__proto__":{"user_id":"a","message":"x"}}'],
    ];
    for (const [path, body] of bodies) expect([path, (await post(path, body)).status]).toEqual([path, 422]);
    expectUnpolluted();
  });

  test("beside what is needed are left out, or kept as the caller's own", async () => {
    expect(
      (await post("/publish", `{"topic":"beside","message":"x","__proto__":{"store":false}}`)).status,
    ).toBe(200);
    expect((await post("/publish", `{"topic":"beside","message":"x","tags":{"__proto__":"a"}}`)).status).toBe(
      200,
    );
    const alert = await post(
      "/alerts",
      `{"message":"x","__proto__":{"severity":"critical"},"constructor":1}`,
    );
    expect(alert.status).toBe(201);
    expect(await alert.text()).not.toContain('critical","sender');
    const { publications } = (await (await fetch(`${server.url}/topics/beside/history`)).json()) as {
      publications: object[];
    };
    expect(publications).toHaveLength(2);
    expect(JSON.stringify(publications[1])).toContain('"tags":{"__proto__":"a"}');
    expectUnpolluted();
  });

  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]) {
    test(`a topic, a user and an event called ${name} are like others`, async () => {
      const client = await WebSocketClient.welcomed(server.url, `topics=${name}&user_id=${name}`);
      try {
        expect(client.welcome.topics.map(({ topic }: { topic: string }) => topic)).toEqual([
          name,
          `user:${name}`,
        ]);
        const ack = await client.request({
          type: "publish",
          topic: name,
          event: name,
          key: name,
          message: "x",
        });
        expect(ack).toMatchObject({ type: "ack", topic: name, offset: 1 });
        expect(await client.next(name)).toMatchObject({ topic: name, sender: name, key: name });
        const again = await client.request({
          type: "publish",
          topic: name,
          event: name,
          key: name,
          message: "x",
        });
        expect(again).toMatchObject({ offset: 1 });
        const presence = await client.request({ type: "presence", topic: name });
        expect(presence.members).toEqual([{ user_id: name, connections: 1 }]);
        expect((await fetch(`${server.url}/topics/${name}`)).status).toBe(200);
        expect((await fetch(`${server.url}/topics?prefix=${name}&__proto__=x`)).status).toBe(200);
        expect(await client.request({ type: "unsubscribe", topic: name })).toMatchObject({
          type: "unsubscribed",
        });
      } finally {
        await client.close();
      }
      expectUnpolluted();
    });
  }
});
