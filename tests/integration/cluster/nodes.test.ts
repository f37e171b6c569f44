import { describe, expect, test } from "bun:test";
import { version } from "../../../src/config/index.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { startNodes, useNodes } from "./use-nodes.ts";

const nodes = useNodes(3);

test("/notify counts the WebSockets that read notifications on all nodes", async () => {
  const notify = async (node: number) => (await nodes.post(node, "/notify?message=Lunch")).body.message;
  expect(await notify(0)).toBe("Notification sent to 0 clients");
  const clients = [
    await nodes.connect(0, ""),
    await nodes.connect(1, "topics=notifications"),
    await nodes.connect(2, "topics=news,notifications"),
    await nodes.connect(2, "topics=news"),
  ];
  await nodes.read(1, "topic=notifications");
  for (const node of [0, 1, 2]) expect(await notify(node)).toBe("Notification sent to 3 clients");
  await clients[1]!.request({ type: "unsubscribe", topic: "notifications" });
  expect(await notify(2)).toBe("Notification sent to 2 clients");
  await clients[0]!.close();
  await until(async () => (await notify(1)) === "Notification sent to 1 clients");
});

describe("the nodes", () => {
  test("are listed by all of them, each beginning with itself", async () => {
    await nodes.connect(1, "topics=news,notifications");
    const lists = await Promise.all(
      [0, 1, 2].map(async (node) => (await nodes.get(node, "/nodes")).body.nodes),
    );
    const names = lists.map((list) => list.map(({ node }: { node: string }) => node));
    for (const list of names) expect([...list].sort()).toEqual([...names[0]!].sort());
    expect(new Set(names.map(([own]) => own)).size).toBe(3);
    expect(lists[1][0]).toEqual({
      node: names[1]![0],
      version,
      pid: process.pid,
      started_at: expect.any(Number),
      uptime_seconds: expect.any(Number),
      connections: { websocket: 1, sse: 0 },
      subscriptions: 2,
      notification_readers: 1,
      draining: false,
    });
    const status = (await nodes.get(1, "/status")).body;
    expect(status.cluster).toMatchObject({ nodes: 3, draining: 0 });
    expect(status.node).toBe(names[1]![0]!);
  });

  test("are known as soon as they come", async () => {
    const fourth = await startTestServer({ redisUrl: nodes.redis.url });
    try {
      await until(
        async () => (await nodes.get(0, "/nodes")).body.nodes.length === 4,
        3000,
        "the fourth node",
      );
      await nodes.connect(0, "topics=&user_id=alice");
      const push = { method: "POST", body: JSON.stringify({ user_id: "alice", message: "hi" }) };
      await until(async () => (await fetch(`${fourth.url}/sse/push`, push)).status === 200);
    } finally {
      await fourth.stop();
    }
    // One that has left is no longer asked, and nothing waits for it.
    const started = performance.now();
    expect((await nodes.post(0, "/sse/push", { user_id: "nobody", message: "hi" })).status).toBe(404);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("what the server does by itself", () => {
  test("is done once by the whole cluster in each interval, as long as somebody listens", async () => {
    const intervalMs = 100;
    const servers = await startNodes(3, nodes.redis, {
      redisPrefix: "periodic:",
      notificationIntervalMs: intervalMs,
      alertGeneratorIntervalMs: intervalMs,
    });
    try {
      const history = async (topic: string) => {
        const answer = await fetch(`${servers[0]!.url}/topics/${topic}/history?limit=1000`);
        return ((await answer.json()) as { publications: { message: string; ts: number }[] }).publications;
      };
      await until(async () => (await history("alerts")).length >= 5, 5000, "alerts");
      expect(await history("notifications")).toEqual([]);
      const listener = new WebSocket(`${servers[2]!.url.replace("http", "ws")}/ws?topics=notifications`);
      await until(async () => (await history("notifications")).length >= 8, 5000, "notifications");
      listener.close();
      const notifications = await history("notifications");
      expect(
        notifications.map(({ message }) => Number(/^Periodic notification (\d+) /.exec(message)?.[1])),
      ).toEqual(notifications.map((_, index) => index + 1));
      for (const publications of [notifications, await history("alerts")]) {
        const elapsedMs = publications.at(-1)!.ts - publications[0]!.ts;
        // Three nodes, each by itself, would have made three times as many.
        expect(publications.length - 1).toBeLessThanOrEqual((elapsedMs / intervalMs) * 1.3);
      }
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});
