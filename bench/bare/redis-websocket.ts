/**
 * What latency through two workers is measured against: the bare WebSocket server, one process of several, relaying
 * each publication through one channel of Redis with node-redis. No order, no history, no checks, no bounds.
 */
import { createClient } from "redis";

const epoch = "0123456789-1";
const channel = "relay";
let offset = 0;

const publisher = await createClient({ url: process.env.REDIS_URL ?? "" }).connect();
const subscriber = await publisher.duplicate().connect();

const server = Bun.serve({
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  fetch: (request, self) => {
    const topics = new URL(request.url).searchParams.get("topics") ?? "";
    return self.upgrade(request, { data: topics }) ? undefined : new Response("", { status: 400 });
  },
  websocket: {
    data: "" as string,
    idleTimeout: 0,
    open: (socket) => {
      for (const topic of socket.data.split(",")) if (topic !== "") socket.subscribe(topic);
      socket.send(`{"type":"welcome","node":"${process.pid}"}`);
    },
    message: async (socket, text) => {
      const { id, topic, message } = JSON.parse(text as string);
      offset++;
      const frame = `{"type":"message","topic":"${topic}","offset":${offset},"ts":${Date.now()},"sender":"guest-abcdef","message":${JSON.stringify(message)}}`;
      await publisher.publish(channel, frame);
      socket.send(`{"type":"ack","id":${id},"topic":"${topic}","epoch":"${epoch}","offset":${offset}}`);
    },
  },
});

await subscriber.subscribe(channel, (frame) => void server.publish("bench", frame));
