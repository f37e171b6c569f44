import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { spawnServer, startTestServer } from "../../support/server.ts";
import { publicIssuer } from "../../support/tokens.ts";
import { until } from "../../support/until.ts";
import { refusedUpgrade } from "../../support/upgrade.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { bearer } from "./use-server.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-keys-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

const statusOf = async (url: string, key: string) =>
  (await fetch(`${url}/topics`, { headers: bearer(key) })).status;

test("servers' keys are exchanged on SIGHUP without a restart; who came with one that is gone goes", async () => {
  const [old, stays, fresh] = ["old-key-0123456789abcd", "stays-0123456789abcdef", "fresh-0123456789abcdef"];
  const path = file("keys.json", [
    { name: "old", key: old },
    { name: "stays", key: stays },
  ]);
  const server = await spawnServer({ args: ["--prod"], env: { API_KEYS_FILE: path } });
  try {
    const leaves = await WebSocketClient.open(server.url, "topics=t", bearer(old));
    const remains = await WebSocketClient.open(server.url, "topics=t", bearer(stays));
    await leaves.next("welcome");
    file("keys.json", [
      { name: "stays", key: stays },
      { name: "fresh", key: fresh },
    ]);
    server.process.kill("SIGHUP");
    await server.waitForLog(/keys read again/);
    expect((await leaves.closed).code).toBe(4401);
    expect(await remains.request({ type: "ping" })).toMatchObject({ type: "pong" });
    expect([await statusOf(server.url, old), await statusOf(server.url, fresh)]).toEqual([401, 200]);
    file("keys.json", "[{");
    server.process.kill("SIGHUP");
    const line = await server.waitForLog(/keys stay as they were/);
    expect(JSON.parse(line).problems).toEqual(["API_KEYS_FILE: it is not JSON."]);
    expect(await statusOf(server.url, fresh)).toBe(200);
    await remains.close();
  } finally {
    await server.stop();
  }
}, 20_000);

test("a server whose keys cannot be read does not start, and says all that is wrong", async () => {
  const child = Bun.spawn([process.execPath, "src/main.ts", "--prod"], {
    env: {
      PATH: process.env.PATH ?? "",
      JWT_PUBLIC_KEY: "/nowhere.pem",
      API_KEYS: "a:tooshort",
      JWT_SECRET: "short",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors = await child.stderr.text();
  expect(await child.exited).toBe(2);
  for (const name of ["JWT_PUBLIC_KEY", "API_KEYS", "JWT_SECRET"]) expect(errors).toContain(`- ${name}`);
  expect(errors).not.toContain("tooshort");
});

describe("keys that the issuer serves", () => {
  /** What the issuer answers with, and how often it was asked. */
  let served: () => Response;
  let asked: string[];
  const issuer = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      asked.push(new URL(request.url).pathname);
      return served();
    },
  });
  const jwtJwks = `http://127.0.0.1:${issuer.port}/keys.json`;

  beforeEach(() => {
    asked = [];
  });

  afterAll(() => issuer.stop(true));

  async function withServer(run: (server: RunningServer) => Promise<void>): Promise<void> {
    const server = await startTestServer({ jwtJwks });
    try {
      await run(server);
    } finally {
      await server.stop();
    }
  }

  test("let tokens in by their key ids", async () => {
    const [one, two] = [await publicIssuer("RS256"), await publicIssuer("ES256")];
    served = () =>
      Response.json({ keys: [one.jwk({ kid: "1", use: "sig" }), two.jwk({ kid: "2", alg: "ES256" })] });
    await withServer(async ({ url }) => {
      for (const [by, kid] of [
        [one, "1"],
        [two, "2"],
      ] as const) {
        const client = await WebSocketClient.open(url, "topics=", bearer(await by.issue({}, { kid })));
        expect(await client.next("welcome")).toMatchObject({ user_id: "alice" });
        await client.close();
      }
      const swapped = await refusedUpgrade(url, "", bearer(await one.issue({}, { kid: "2" })));
      expect(swapped).toMatchObject({ status: 401 });
      expect(asked).toEqual(["/keys.json"]);
    });
  });

  test.each<[string, () => Response]>([
    ["an error", () => new Response("no", { status: 500 })],
    ["no key set", () => new Response("<html>")],
    ["too much", () => new Response("x".repeat(300_000))],
    ["a redirect", () => Response.redirect("/elsewhere.json", 302)],
  ])(
    "that cannot be had (%s) do not keep the server from starting; nobody is let in",
    async (_what, answer) => {
      served = answer;
      const other = await publicIssuer("RS256");
      await withServer(async ({ url }) => {
        const refused = await refusedUpgrade(url, "", bearer(await other.issue({})));
        expect(refused).toMatchObject({ status: 503, code: "unavailable" });
        const client = await WebSocketClient.open(url, "topics=");
        expect(await client.request({ type: "authenticate", token: await other.issue({}) })).toMatchObject({
          code: "unavailable",
        });
        expect((await client.closed).code).toBe(1013);
        expect(asked).toEqual(["/keys.json"]);
      });
    },
  );
});

test("a token whose keys are in a file is checked anew with the next file", async () => {
  const [before, after] = [await publicIssuer("EdDSA"), await publicIssuer("EdDSA")];
  const path = file("public.pem", before.pem);
  const server = await startTestServer({ jwtPublicKey: path });
  try {
    const shown = await after.issue({});
    expect(await refusedUpgrade(server.url, "", bearer(shown))).toMatchObject({ status: 401 });
    file("public.pem", after.pem);
    await server.reload();
    const client = await WebSocketClient.open(server.url, "topics=", bearer(shown));
    expect(await client.next("welcome")).toMatchObject({ user_id: "alice" });
    await client.close();
    await until(
      async () => (await refusedUpgrade(server.url, "", bearer(await before.issue({})))).status === 401,
    );
  } finally {
    await server.stop();
  }
});
