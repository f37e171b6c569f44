import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { Bystanders } from "./support/bystanders.ts";
import { residentBytes } from "./support/process-memory.ts";
import { SeededRandom } from "./support/seeded-random.ts";

const connections = 20_000;
const mebibyte = 1024 * 1024;
const { seed } = new SeededRandom();
console.log(`fuzz-connections: FUZZ_SEED=${seed}`);

let server: SpawnedServer;
let bystanders: Bystanders;

beforeAll(async () => {
  // Not on one address alone: the attackers need more ports than two addresses have between them.
  server = await spawnServer({
    env: { HOST: "0.0.0.0", LOG_LEVEL: "INFO", BODY_TIMEOUT: "1 s", HISTORY_SIZE: "5000" },
  });
  bystanders = await Bystanders.open(server.url);
});
afterAll(async () => {
  await bystanders.close();
  await server.stop();
});

async function metrics() {
  return (await (await fetch(`${server.url}/metrics`)).json()) as {
    active_connections: number;
    subscriptions: number;
    errors: Record<string, number>;
  };
}

test(`${connections} hostile connections: the healthy beside them notice nothing`, async () => {
  const before = { ...(await metrics()), bytes: residentBytes(server.process.pid) };
  const script = join(import.meta.dir, "support", "hostile-connections.ts");
  const attack = Bun.spawn(
    [process.execPath, script, String(server.port), String(connections), String(seed)],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  try {
    const { failed, done } = JSON.parse(await attack.stdout.text()) as {
      failed: number;
      done: Record<string, number>;
    };
    expect(failed).toBe(0);
    expect(Object.values(done).reduce((sum, count) => sum + count, 0)).toBe(connections);
    expect(Object.values(done).every((count) => count > connections / 50)).toBe(true);
  } finally {
    attack.kill();
  }

  const { published, medianMs, worstMs } = await bystanders.account();
  console.log(
    `fuzz-connections: ${published} publications beside them, ${medianMs.toFixed(1)} ms each, ${worstMs.toFixed(0)} ms at worst`,
  );
  // The attack takes two seconds on a quiet machine.
  expect(published).toBeGreaterThan(20);
  expect(medianMs).toBeLessThan(50);
  expect(worstMs).toBeLessThan(2000);

  // Nothing of them is left.
  await until(
    async () => (await metrics()).active_connections === before.active_connections,
    5000,
    "their end",
  );
  const after = await metrics();
  expect(after.subscriptions).toBe(before.subscriptions);
  expect(after.errors.internal).toBe(0);
  expect(residentBytes(server.process.pid) - before.bytes).toBeLessThan(200 * mebibyte);
  const faults = server.lines.filter((line) => /"level":"(?:ERROR|CRITICAL)"/.test(line));
  expect(faults).toEqual([]);
  expect(server.process.exitCode).toBeNull();
}, 120_000);
