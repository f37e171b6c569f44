import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";

async function withRedis(
  run: (redis: RedisServer) => Promise<void>,
  options: Parameters<typeof startRedis>[0] = {},
): Promise<void> {
  const redis = await startRedis(options);
  try {
    await run(redis);
  } finally {
    await redis.stop();
  }
}

/** Not by its process: that may be a zombie for seconds before whoever inherited it looks after it. */
const isListening = async (port: number) => {
  try {
    (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } })).terminate();
    return true;
  } catch {
    return false;
  }
};

describe("a redis-server for tests", () => {
  test("answers, and is gone once stopped", async () => {
    let port = 0;
    await withRedis(async (redis) => {
      port = redis.port;
      expect(await redis.cli("SET", "a", "1")).toBe("OK");
      expect(await redis.cli("GET", "a")).toBe("1");
    });
    expect(await isListening(port)).toBe(false);
  });

  test("killed without persistence it comes back empty, on the same port", async () => {
    await withRedis(async (redis) => {
      await redis.cli("SET", "a", "1");
      await redis.kill();
      await expect(redis.cli("PING")).rejects.toThrow("refused");
      await redis.restart();
      expect(await redis.cli("GET", "a")).toBe("");
    });
  });

  test("killed with persistence it has everything that was answered", async () => {
    await withRedis(
      async (redis) => {
        await redis.cli("SET", "a", "1");
        await redis.kill();
        await redis.restart();
        expect(await redis.cli("GET", "a")).toBe("1");
      },
      { persistence: "aof" },
    );
  });

  test("stands still while paused", async () => {
    await withRedis(async (redis) => {
      redis.pause();
      const answer = redis.cli("PING");
      const first = await Promise.race([answer, Bun.sleep(200)]);
      redis.resume();
      expect(first).toBeUndefined();
      expect(await answer).toBe("PONG");
    });
  });

  test("says what redis-server complained about", async () => {
    await expect(startRedis({ args: ["--no-such-setting", "1"] })).rejects.toThrow("ended with");
  });

  test("dies with the process that started it, also when that is killed", async () => {
    const program = `
      import { startRedis } from ${JSON.stringify(join(import.meta.dir, "../../support/redis-server.ts"))};
      console.log((await startRedis()).port);
      setInterval(() => {}, 1000);`;
    const child = Bun.spawn([process.execPath, "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    const reader = child.stdout.getReader();
    const port = Number(new TextDecoder().decode((await reader.read()).value));
    expect(await isListening(port)).toBe(true);
    child.kill("SIGKILL");
    await until(async () => !(await isListening(port)), 2000, "the end of redis-server");
  });
});
