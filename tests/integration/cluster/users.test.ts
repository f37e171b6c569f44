import { describe, expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import { useNodes } from "./use-nodes.ts";

const nodes = useNodes(3, { publicAccounts: ["support"], topicsPerConnectionMax: 100 });

let users = 0;
const someone = () => `user-${++users}`;

describe("a push", () => {
  test("reaches a user of any node, and says where it went", async () => {
    const alice = someone();
    const client = await nodes.connect(0, `topics=&user_id=${alice}`);
    const stream = await nodes.read(1, `user_id=${alice}&topic=user:${alice}`);
    const { status, body } = await nodes.post(2, "/sse/push", { user_id: alice, message: "hi" });
    expect([status, body]).toEqual([
      200,
      { status: "success", topic: `user:${alice}`, epoch: client.welcome.topics[0].epoch, offset: 1 },
    ]);
    expect((await client.next("message")).message).toBe("hi");
    expect((await stream.next("message")).data.message).toBe("hi");
  });

  test("finds a user from the moment in which it is connected to the moment in which it leaves", async () => {
    const alice = someone();
    const push = () => nodes.post(1, "/sse/push", { user_id: alice, message: "hi" });
    for (let round = 1; round <= 10; round++) {
      expect((await push()).status).toBe(404);
      const client = await nodes.connect(0, `topics=&user_id=${alice}`);
      expect((await push()).body.offset).toBe(round);
      await client.close();
      // Its node notices a little later than the client.
      await until(async () => (await nodes.get(0, "/status")).body.connected_users === 0);
    }
  });

  test("to a user who is connected nowhere stores nothing", async () => {
    const alice = someone();
    const { status, body } = await nodes.post(0, "/sse/push", { user_id: alice, message: "hi" });
    expect([status, body.error.code]).toEqual([404, "not_found"]);
    const client = await nodes.connect(1, `topics=&user_id=${alice}`);
    expect(client.welcome.topics[0].offset).toBe(0);
  });

  test("goes to a mentioned account on another node, and to nobody when that is away", async () => {
    const alice = someone();
    await nodes.connect(0, `topics=&user_id=${alice}`);
    const push = () => nodes.post(0, "/sse/push", { user_id: alice, message: "@support help" });
    expect((await push()).status).toBe(404);
    const support = await nodes.connect(1, "topics=&user_id=support");
    expect((await push()).body.topic).toBe("user:support");
    expect((await support.next("message")).message).toBe("@support help");
  });

  test("of many is told for each whether it went", async () => {
    const [here, there, nowhere] = [someone(), someone(), someone()];
    await nodes.connect(0, `topics=&user_id=${here}`);
    const client = await nodes.connect(1, `topics=&user_id=${there}`);
    const messages = [here, nowhere, there, there].map((user_id) => ({ user_id, data: 1 }));
    const { body } = await nodes.post(0, "/sse/push/batch", messages);
    expect(body.results.map(({ status, offset }: Record<string, unknown>) => [status, offset])).toEqual([
      ["ok", 1],
      ["error", undefined],
      ["ok", 1],
      ["ok", 2],
    ]);
    expect(body.results[1].error.code).toBe("not_found");
    expect((await client.next(({ offset }) => offset === 2)).data).toBe(1);
  });
});

describe("disconnecting a user", () => {
  test("ends the connections on all nodes, and nobody else's", async () => {
    const [alice, bob] = [someone(), someone()];
    const clients = [
      await nodes.connect(0, `user_id=${alice}`),
      await nodes.connect(1, `user_id=${alice}`),
      await nodes.connect(2, `user_id=${alice}`),
    ];
    await nodes.read(2, `user_id=${alice}&topic=news`);
    const other = await nodes.connect(2, `topics=&user_id=${bob}`);
    const { status, body } = await nodes.post(1, `/users/${alice}/disconnect`);
    expect([status, body]).toEqual([200, { user_id: alice, disconnected: 4 }]);
    for (const client of clients) expect((await client.closed).code).toBe(4403);
    expect((await other.request({ type: "ping" })).type).toBe("pong");
    expect((await nodes.post(0, `/users/${alice}/disconnect`)).body.disconnected).toBe(0);
  });
});

describe("subscribing a user", () => {
  test("subscribes the WebSockets on all nodes, and unsubscribing ends that", async () => {
    const alice = someone();
    const topics = [`${alice}-a`, `${alice}-b`];
    const clients = [
      await nodes.connect(0, `topics=&user_id=${alice}`),
      await nodes.connect(1, `topics=${topics[0]}&user_id=${alice}`),
    ];
    const stream = await nodes.read(1, `user_id=${alice}&topic=user:${alice}`);
    const subscribed = await nodes.post(2, `/users/${alice}/subscribe`, { topics: [...topics, topics[0]] });
    expect([subscribed.status, subscribed.body]).toEqual([200, { user_id: alice, topics, connections: 2 }]);
    for (const topic of topics) {
      const frame = await clients[0]!.next(({ topic: named }) => named === topic);
      expect(frame).toEqual({ type: "subscribed", topic, epoch: expect.any(String), offset: 0 });
    }
    // It reads the other already: that is not begun anew.
    expect((await clients[1]!.next("subscribed")).topic).toBe(topics[1]);
    await nodes.post(2, "/publish", { topics, message: "hello" });
    for (const client of clients) {
      expect((await client.next(({ topic }) => topic === topics[0])).message).toBe("hello");
      expect((await client.next(({ topic }) => topic === topics[1])).message).toBe("hello");
      expect(client.unread).toEqual([]);
    }
    const unsubscribed = await nodes.post(0, `/users/${alice}/unsubscribe`, { topic: topics[0] });
    expect(unsubscribed.body).toEqual({ user_id: alice, topics: [topics[0]], connections: 2 });
    for (const client of clients) {
      expect(await client.next("unsubscribed")).toEqual({ type: "unsubscribed", topic: topics[0] });
    }
    await nodes.post(0, `/users/${alice}/unsubscribe`, { topic: topics[0] });
    await nodes.post(2, "/publish", { topics, message: "again" });
    await nodes.post(2, "/sse/push", { user_id: alice, message: "to all" });
    for (const client of clients) {
      await client.next(({ message }) => message === "to all");
      expect(client.unread.map(({ type, topic }) => [type, topic])).toEqual([["message", topics[1]]]);
    }
    expect((await stream.next("message")).data.message).toBe("to all");
  });

  test("needs a WebSocket", async () => {
    const alice = someone();
    const nowhere = await nodes.post(0, `/users/${alice}/subscribe`, { topic: "news" });
    await nodes.read(1, `user_id=${alice}&topic=news`);
    const streams = await nodes.post(0, `/users/${alice}/unsubscribe`, { topic: "news" });
    for (const { status, body } of [nowhere, streams]) {
      expect([status, body.error.code]).toEqual([404, "not_found"]);
    }
  });

  test("tells a WebSocket that reads as many topics as it may", async () => {
    const alice = someone();
    const topics = Array.from({ length: 100 }, (_, index) => `${alice}-${index}`);
    const client = await nodes.connect(1, `topics=${topics.slice(0, 99).join(",")}&user_id=${alice}`);
    await nodes.post(0, `/users/${alice}/subscribe`, { topics });
    expect((await client.next("error")).code).toBe("too_large");
  });
});
