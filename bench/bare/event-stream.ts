/**
 * What Server-Sent Events are measured against: events of one turn of the loop become one chunk, encoded once
 * and handed to every reader. Published over a WebSocket. No history, no checks, no bounds.
 */
const epoch = "0123456789-1";
const encoder = new TextEncoder();
const readers = new Set<ReadableStreamDefaultController<Uint8Array>>();
let offset = 0;
let waiting = "";

const flush = () => {
  const chunk = encoder.encode(waiting);
  waiting = "";
  for (const reader of readers) reader.enqueue(chunk);
};

const stream = () => {
  let reader: ReadableStreamDefaultController<Uint8Array>;
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      reader = controller;
      readers.add(reader);
      reader.enqueue(encoder.encode("event: subscribed\ndata: []\n\n"));
    },
    cancel: () => {
      readers.delete(reader);
    },
  });
};

Bun.serve({
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  idleTimeout: 0,
  fetch: (request, self) => {
    if (self.upgrade(request)) return;
    return new Response(stream(), { headers: { "Content-Type": "text/event-stream" } });
  },
  websocket: {
    idleTimeout: 0,
    open: (socket) => void socket.send(`{"type":"welcome"}`),
    message: (socket, text) => {
      const { id, topic, message } = JSON.parse(text as string);
      offset++;
      const data = `{"type":"message","topic":"${topic}","offset":${offset},"ts":${Date.now()},"sender":"guest-abcdef","message":${JSON.stringify(message)}}`;
      if (waiting === "") setImmediate(flush);
      waiting += `event: message\nid: c1.AAAAAAAA~${epoch}~${offset.toString(36)}\ndata: ${data}\n\n`;
      socket.send(`{"type":"ack","id":${id},"topic":"${topic}","epoch":"${epoch}","offset":${offset}}`);
    },
  },
});

export {};
