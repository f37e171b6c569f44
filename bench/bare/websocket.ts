/**
 * What the fan-out is measured against: the least a Bun server can do to take the same command, send the same
 * acknowledgement and publish the same bytes. No history, no checks, no bounds.
 */
const epoch = "0123456789-1";
let offset = 0;

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
      socket.send(`{"type":"welcome"}`);
    },
    message: (socket, text) => {
      const { id, topic, message } = JSON.parse(text as string);
      offset++;
      const frame = `{"type":"message","topic":"${topic}","offset":${offset},"ts":${Date.now()},"sender":"guest-abcdef","message":${JSON.stringify(message)}}`;
      server.publish(topic, frame);
      socket.send(`{"type":"ack","id":${id},"topic":"${topic}","epoch":"${epoch}","offset":${offset}}`);
    },
  },
});

export {};
