import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { secretIssuer, testSecret } from "../support/tokens.ts";
import { refusedUpgrade } from "../support/upgrade.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

const key = "the-key-of-the-backend-0123";

let folder: string;
let server: SpawnedServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-token-logs-"));
  server = await spawnServer({
    env: { JWT_SECRET: testSecret, API_KEYS: `backend:${key}`, LOG_LEVEL: "TRACE", LOG_DIR: folder },
  });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** Everything that was logged, to standard output and to files. */
function logged(): string {
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  return [...server.lines, ...files].join("\n");
}

test("a token in a query, a header, a subprotocol or a frame is in no log, nor is any part of it or a key", async () => {
  const { url } = server;
  const issuer = secretIssuer();
  const good = await issuer.issue({ fanfare: { subscribe: ["*"] } });
  const expired = await issuer.issue({ exp: 1_700_000_000 });
  for (const token of [good, expired]) {
    for (const name of ["token", "%74oken", "t%6fken", "TOKEN", "access_token", "to%6Ben"]) {
      const query = `topics=&${name}=${token}`;
      await refusedUpgrade(url, `client=root&${query}`);
      await refusedUpgrade(url, query, { "Sec-WebSocket-Key": "broken" }).catch(() => undefined);
      for (const path of [`/events?topic=${"x".repeat(300)}&${name}=${token}`, `/nowhere?${name}=${token}`]) {
        await (await fetch(url + path)).text();
      }
      await (await fetch(`${url}/publish?${name}=${token}`, { method: "POST", body: "{" })).text();
      await (await fetch(`${url}/status?x=1;${name}=${token}#${name}=${token}`)).text();
    }
    const authorization = `Bearer ${token}`;
    await (await fetch(`${url}/nowhere`, { headers: { authorization } })).text();
    await (await fetch(`${url}/publish`, { method: "POST", headers: { authorization }, body: "{" })).text();
    await refusedUpgrade(url, "client=root", {
      "Sec-WebSocket-Protocol": `fanfare.v1, fanfare.token.${token}`,
    });
  }
  const socket = await WebSocketClient.open(url, `topics=&token=${good}`);
  await socket.next("welcome");
  socket.send({ type: "refresh", token: expired });
  await socket.next("error");
  socket.send({ type: "refresh", token: 7 });
  await socket.close();
  for (const headers of [
    { "x-api-key": key },
    { authorization: `Bearer ${key}` },
    { "x-api-key": `${key}wrong` },
  ]) {
    await (await fetch(`${url}/nowhere`, { headers: headers as Record<string, string> })).text();
  }
  await server.waitForLog(/connection closed/);
  const text = logged();
  expect(text).toContain("request refused");
  for (const token of [good, expired]) {
    const [, payload, signature] = token.split(".");
    expect(text).not.toContain(payload!);
    expect(text).not.toContain(signature!);
  }
  expect(text).not.toContain(key);
  expect(text).not.toContain(testSecret);
});
