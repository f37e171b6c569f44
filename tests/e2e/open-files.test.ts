import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

let server: SpawnedServer | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.stop();
  server = undefined;
});

/** CPU time that a process has used, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

test("out of file descriptors it neither spins nor dies, serves who is there, and recovers", async () => {
  const limited = ["/bin/sh", "-c", 'ulimit -n 160 && exec "$@"', "sh"];
  server = await spawnServer({ env: { MAX_CONNECTIONS: "100" }, wrapper: limited });
  const { url, port, process, lines, waitForLog } = server;
  const client = await WebSocketClient.welcomed(url);
  let refused = 0;
  const flood = setInterval(() => {
    for (let count = 0; count < 20 && sockets.length < 1000; count++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => refused++);
      sockets.push(socket);
    }
  }, 10);
  await waitForLog(/nearly out of file descriptors/);
  clearInterval(flood);
  await until(async () => {
    const probe = await fetch(`${url}/health`, { signal: AbortSignal.timeout(500) }).catch(() => null);
    return probe === null;
  });

  const before = cpuTicks(process.pid);
  const watchedMs = 1000;
  const ack = await client.request({ type: "publish", topic: "chat", message: "still served" });
  expect(ack.type).toBe("ack");
  expect((await client.next("message")).message).toBe("still served");
  await Bun.sleep(watchedMs);
  expect(cpuTicks(process.pid) - before).toBeLessThan(50);

  for (const socket of sockets.splice(0)) socket.destroy();
  await waitForLog(/free again/);
  const newcomer = await WebSocketClient.welcomed(url);
  newcomer.send("hello");
  // The one who was there all along and the newcomer are reached by one publication.
  expect((await client.next("echo")).message).toBe("hello");
  expect((await newcomer.next("echo")).message).toBe("hello");
  client.send("welcome");
  expect((await newcomer.next("echo")).message).toBe("welcome");
  expect(lines.filter((line) => line.includes("nearly out of file descriptors"))).toHaveLength(1);
  await Promise.all([client.close(), newcomer.close()]);
}, 30_000);
