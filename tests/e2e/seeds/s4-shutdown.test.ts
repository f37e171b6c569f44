import { afterEach, expect, test } from "bun:test";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";

let server: SpawnedServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(env: Record<string, string>): Promise<SpawnedServer> {
  server = await spawnServer({ env: { NOTIFICATION_INTERVAL: "0.05", ...env } });
  return server;
}

test("the six steps of a shutdown, one after the other", async () => {
  const { url, process, lines } = await start({ SHUTDOWN_TIMEOUT: "1.5" });
  const [staying, leaving] = [await WebSocketClient.welcomed(url), await WebSocketClient.welcomed(url)];
  await staying.next("notification");
  process.kill("SIGTERM");

  // 3. Every client is told.
  const notices = await Promise.all([staying.next("shutdown_notice"), leaving.next("shutdown_notice")]);
  for (const notice of notices) expect(notice).toMatchObject({ message: expect.any(String) });
  // 1. Nobody new comes in.
  await expect(WebSocketClient.open(url)).rejects.toThrow();
  // 4. Who wants to stay may, until the timeout, and is served.
  await leaving.close();
  staying.send("still here");
  await staying.next("echo");
  expect(process.exitCode).toBeNull();
  // 5. Those who are left are closed.
  expect((await staying.closed).code).toBe(1012);
  // 2. No periodic notification came after the notice.
  const types = staying.received.map(({ type }) => type);
  expect(types.slice(types.indexOf("shutdown_notice"))).toEqual(["shutdown_notice", "echo"]);
  // 6. Everything is released.
  expect(await process.exited).toBe(0);
  expect(JSON.parse(lines.at(-1)!).msg).toBe("stopped");
  await expect(fetch(url)).rejects.toThrow();
});

test.each(["SIGTERM", "SIGINT"] as const)("%s: the last client's leaving ends the wait", async (signal) => {
  const { url, process, lines } = await start({ SHUTDOWN_TIMEOUT: "1800" });
  const client = await WebSocketClient.welcomed(url);
  process.kill(signal);
  await client.next("shutdown_notice");
  // How long it may take, and who is still there, is in the log.
  const isProgress = (line: string) => line.includes('"connections_left":1,"seconds_left":1800');
  await until(() => lines.some(isProgress));
  await client.close();
  expect(await process.exited).toBe(0);
});
