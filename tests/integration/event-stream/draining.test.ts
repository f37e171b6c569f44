import { expect, test } from "bun:test";
import { startTestServer } from "../../support/server.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { EventStreamClient } from "./event-stream-client.ts";

test("while draining: those who read are told and served, newcomers are sent away in a way that browsers survive", async () => {
  const server = await startTestServer({ sseRetryMs: 900 });
  const stream = await EventStreamClient.subscribed(server.url, "topic=t");
  const publisher = await WebSocketClient.welcomed(server.url, "topics=");
  const drained = server.drain();
  try {
    const notice = await stream.next("shutdown_notice");
    expect(notice.data).toMatchObject({ type: "shutdown_notice" });
    expect(notice.id).toBe(stream.first.id);
    expect(notice.data.deadline).toBeGreaterThan(Date.now());
    const refused = await EventStreamClient.open(server.url, "topic=t");
    expect(refused.response.status).toBe(200);
    expect(await refused.ended).toBe("end");
    expect(refused.events).toEqual([]);
    expect(refused.retryMs).toBeGreaterThan(0);
    publisher.send({ type: "publish", topic: "t", message: "still served" });
    expect((await stream.take("t", 1))[0]!.data.message).toBe("still served");
  } finally {
    await stream.close();
    await publisher.close();
    await drained;
  }
});

test("at the deadline a stream is ended properly, behind what it was sent", async () => {
  const server = await startTestServer({ shutdownTimeoutMs: 1000 });
  const stream = await EventStreamClient.subscribed(server.url, "topic=t");
  const publisher = await WebSocketClient.welcomed(server.url, "topics=");
  const drained = server.drain();
  const acks = [];
  for (let number = 0; number < 20; number++) {
    acks.push(await publisher.request({ type: "publish", topic: "t", message: `m${number}` }));
  }
  expect(await stream.ended).toBe("end");
  const offsets = stream.events.flatMap(({ data }) => ("ts" in data ? [data.offset] : []));
  expect(offsets).toEqual(acks.map(({ offset }) => offset));
  await publisher.closed;
  await drained;
});
