/** What `POST /publish` is measured against: the body parsed, published natively, and answered as JSON. */
let offset = 0;

const server = Bun.serve({
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  routes: {
    "/publish": {
      POST: async (request) => {
        const { topic, message } = (await request.json()) as { topic: string; message: string };
        offset++;
        server.publish(topic, JSON.stringify({ type: "message", topic, offset, ts: Date.now(), message }));
        return Response.json({ topic, epoch: "0123456789-1", offset });
      },
    },
  },
  fetch: () => new Response("", { status: 404 }),
  websocket: { message: () => {} },
});

export {};
