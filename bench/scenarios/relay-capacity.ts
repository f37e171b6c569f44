import type { RedisServer } from "../../tests/support/redis-server.ts";
import { bareRest, bareWebSocket, fanfareOnRedis } from "../candidates.ts";
import { RelayPair } from "../load/relay-pair.ts";
import { cpuSeconds } from "../measure/process-usage.ts";
import type { Effort, Row } from "../scenario.ts";
import { compareFanOut } from "./fan-out.ts";
import { bareRelayPrograms, fanfareRelayPrograms } from "./relay-throughput.ts";
import { compareRest } from "./rest.ts";

/** Publications in the units of the table's rows. */
const thousand = 1000;

/** What one core, and one Redis, is good for: no targets, but what `docs/operations.md` reckons with. */
export const measureCapacity = async (
  redis: RedisServer,
  effort: Effort,
  report: (row: Row) => void,
): Promise<void> => {
  for (const subscribers of [1, 1000]) {
    await compareFanOut(
      {
        label: "WebSocket on Redis",
        transport: "websocket",
        bare: bareWebSocket,
        fanfare: fanfareOnRedis(redis.url),
        subscribers,
        loads: [{ inFlight: 64, target: null }],
      },
      effort,
      report,
    );
  }
  await compareRest("REST publish on Redis", bareRest, fanfareOnRedis(redis.url), effort, report);
  await measureRedis(redis, effort, report);
};

/** Redis' own work for the relay between two processes. */
const measureRedis = async (
  redis: RedisServer,
  effort: Effort,
  report: (row: Row) => void,
): Promise<void> => {
  await using bare = await RelayPair.start(bareRelayPrograms(redis.url));
  await using fanfare = await RelayPair.start(fanfareRelayPrograms(redis.url, {}));
  for (const inFlight of [1, 64, 1000]) {
    const [bareSpent, fanfareSpent] = [
      await redisWork(redis, bare, inFlight, effort),
      await redisWork(redis, fanfare, inFlight, effort),
    ];
    const figures = [
      [`Redis commands for 1,000 publications, ${inFlight} in flight`, "commands", "commands"],
      [`Redis' CPU for 1,000 publications, ${inFlight} in flight`, "µs", "redis"],
      [`Publishing node's CPU for 1,000 publications, ${inFlight} in flight`, "µs", "publisher"],
      [`Receiving node's CPU for 1,000 publications, ${inFlight} in flight`, "µs", "subscriber"],
    ] as const;
    for (const [scenario, unit, figure] of figures) {
      const values = { bare: bareSpent[figure], fanfare: fanfareSpent[figure] };
      report({ scenario, unit, ...values, ratio: null, target: null });
    }
  }
};

const redisWork = async (redis: RedisServer, pair: RelayPair, inFlight: number, effort: Effort) => {
  const { turns, turnMs } = effort.rounds;
  const [commandsBefore, cpuBefore] = [await commandsOf(redis), cpuSeconds(redis.pid)];
  const endsBefore = pair.cpuSeconds();
  let publications = 0;
  for (let turn = 0; turn < turns; turn++) publications += await pair.run(inFlight, turnMs);
  const cpu = cpuSeconds(redis.pid) - cpuBefore;
  const ends = pair.cpuSeconds();
  const commands = (await commandsOf(redis)) - commandsBefore;
  const perThousand = (total: number) => (total / publications) * thousand;
  return {
    commands: perThousand(commands),
    redis: perThousand(cpu * 1e6),
    publisher: perThousand((ends.publisher - endsBefore.publisher) * 1e6),
    subscriber: perThousand((ends.subscriber - endsBefore.subscriber) * 1e6),
  };
};

/** Those that clients sent to publish; what a script calls is one command with it. */
const commandsOf = async (redis: RedisServer): Promise<number> => {
  const stats = await redis.cli("INFO", "commandstats");
  const calls = (name: string) =>
    Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
  return calls("evalsha") + Math.max(0, calls("publish") - calls("xadd"));
};
