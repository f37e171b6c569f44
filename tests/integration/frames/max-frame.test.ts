import { afterEach, expect, test } from "bun:test";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { continuation, text, unfinished } from "./frame-case.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connect(maxFrameBytes: number): Promise<RawWebSocket> {
  const server = await startTestServer({ notificationIntervalMs: 0, maxFrameBytes });
  cleanups.push(() => server.stop());
  const client = await RawWebSocket.open(server.url);
  cleanups.push(() => client.connection.destroy());
  return client;
}

for (const maxFrameBytes of [1_024, 262_144]) {
  const largest = "*".repeat(maxFrameBytes);

  test(`with MAX_FRAME at ${maxFrameBytes}, a text of that size is published`, async () => {
    const client = await connect(maxFrameBytes);
    client.send(text(largest));
    await client.waitForJson("the text", ({ message }) => message === largest);
  });

  test(`with MAX_FRAME at ${maxFrameBytes}, one byte more closes with 1009`, async () => {
    const client = await connect(maxFrameBytes);
    client.send(text(`${largest}*`));
    expect(await client.waitForEnd()).toMatchObject({ code: 1009 });
  });

  test(`with MAX_FRAME at ${maxFrameBytes}, fragments count together`, async () => {
    const client = await connect(maxFrameBytes);
    client.send(text(largest, unfinished));
    client.send(continuation("*"));
    expect(await client.waitForEnd()).toMatchObject({ code: 1009 });
  });
}
