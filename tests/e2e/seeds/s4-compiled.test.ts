import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileServer } from "../../../scripts/build.ts";
import { startRedis } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";

let folder: string;
let binary: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-compiled-"));
  binary = join(folder, "fanfare");
  await compileServer(binary);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the binary in a folder of its own, where there are neither sources nor packages. */
async function withServer(
  args: string[],
  run: (url: string, child: Bun.Subprocess, folder: string) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const home = mkdtempSync(join(folder, "run-"));
  writeFileSync(join(home, ".env"), "LOG_LEVEL=debug\nNOTIFICATION_INTERVAL=0\nLOG_ROTATION=4 KB\n");
  const child = Bun.spawn([binary, "--host", "127.0.0.1", "--port", "0", ...args], {
    cwd: home,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const collected = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
  })();
  try {
    const listening = /http:\/\/127\.0\.0\.1:\d+/;
    await until(() => listening.test(output), 15_000, "listening");
    await run(listening.exec(output)![0], child, home);
  } finally {
    child.kill("SIGKILL");
    await collected;
  }
}

test("one file, without sources and packages, serves the page, the documentation and clients", async () => {
  expect(readdirSync(folder)).toEqual(["fanfare"]);
  await withServer([], async (url, child, home) => {
    const page = await (await fetch(url, { headers: { accept: "text/html" } })).text();
    const assets = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(assets.map((path) => path.split(".").pop()).sort()).toEqual(["css", "js", "svg"]);
    for (const path of assets) {
      const asset = await fetch(url + path);
      expect(asset.status).toBe(200);
      expect((await asset.text()).length).toBeGreaterThan(100);
    }
    const documentation = await (await fetch(`${url}/docs`)).text();
    const script = /src="(\/docs\/[^"]+)"/.exec(documentation)![1]!;
    expect((await (await fetch(url + script)).text()).length).toBeGreaterThan(1_000_000);

    const client = await WebSocketClient.welcomed(url);
    client.send("hello");
    expect((await client.next("echo")).message).toBe("hello");

    // Its logs rotate, too.
    const rotated = () =>
      readdirSync(join(home, "logs")).filter((name) => /^websocket_server\.\d+T/.test(name));
    for (let number = 0; rotated().length === 0 && number < 200; number++) await fetch(`${url}/nowhere`);
    expect(rotated()).not.toBeEmpty();
    expect(existsSync(join(home, "logs/errors.log"))).toBe(true);

    child.kill("SIGTERM");
    await client.next("shutdown_notice");
    await client.close();
    expect(await child.exited).toBe(0);
    expect(readFileSync(join(home, "logs/websocket_server.log"), "utf8")).toContain('"msg":"stopped"');
  });
});

test("it runs several workers, and replaces them", async () => {
  const redis = await startRedis();
  try {
    await withServer(
      ["--workers", "2"],
      async (url, child) => {
        const workersNow = async () => {
          const response = await fetch(`${url}/status`, { keepalive: false });
          const { workers } = (await response.json()) as { workers: { pid: number }[] };
          return workers.map(({ pid }) => pid);
        };
        const before = await workersNow();
        expect(before).toHaveLength(2);
        child.kill("SIGUSR2");
        await until(
          async () => {
            const now = await workersNow();
            return now.length === 2 && now.every((pid) => !before.includes(pid));
          },
          20_000,
          "other workers",
        );
        child.kill("SIGTERM");
        expect(await child.exited).toBe(0);
      },
      { REDIS_URL: redis.url },
    );
  } finally {
    await redis.stop();
  }
}, 40_000);

test("with --dev it says that there is nothing to reload", async () => {
  await withServer(["--dev"], async (url, _child, home) => {
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    const log = () => readFileSync(join(home, "logs/websocket_server.log"), "utf8");
    await until(() => log().includes("RELOAD has no effect"));
  });
});

test("compiled by hand, without its page, it says how to compile it", async () => {
  const plain = join(folder, "plain");
  const entry = new URL("../../../src/main.ts", import.meta.url).pathname;
  await Bun.build({ entrypoints: [entry], compile: { outfile: plain } });
  const child = Bun.spawn([plain, "--port", "0"], {
    cwd: folder,
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
  });
  expect(await child.stderr.text()).toContain("compile it with `bun run build`");
  expect(await child.exited).toBe(1);
});
