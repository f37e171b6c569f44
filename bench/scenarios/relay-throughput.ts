import { RelayPair, type RelayPrograms } from "../load/relay-pair.ts";
import { compare } from "../measure/comparison.ts";
import type { Effort, Row, Target } from "../scenario.ts";

const inFlight = 1000;

interface RelayCase {
  readonly label: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly target: Target | null;
}

const cases: readonly RelayCase[] = [
  {
    label: "positions, no history",
    environment: { HISTORY_SIZE: "0" },
    target: { kind: "ratio", atLeast: 2 },
  },
  { label: "positions and history", environment: {}, target: { kind: "ratio", atLeast: 1.5 } },
  { label: "store: false", environment: { STORE: "false" }, target: null },
];

/** From one process through Redis to another: all that a node has between its hub and Redis, and node-redis alone. */
export const compareRelayThroughput = async (
  redisUrl: string,
  effort: Effort,
  report: (row: Row) => void,
): Promise<void> => {
  for (const { label, environment, target } of cases) {
    await using bareRelay = await RelayPair.start(bareRelayPrograms(redisUrl));
    await using fanfareRelay = await RelayPair.start(fanfareRelayPrograms(redisUrl, environment));
    const { turnMs } = effort.rounds;
    // In turns here too: a subscriber that falls too far behind is cut off by Redis.
    for (let spentMs = 0; spentMs < effort.warmUpMs; spentMs += turnMs) {
      await bareRelay.run(inFlight, turnMs);
      await fanfareRelay.run(inFlight, turnMs);
    }
    const contender = (relay: RelayPair) => ({
      seconds: () => relay.clockSeconds(),
      run: (durationMs: number) => relay.run(inFlight, durationMs),
    });
    const comparison = await compare(contender(bareRelay), contender(fanfareRelay), effort.rounds);
    report({ scenario: `Relay, 64 bytes, ${label}`, unit: "publications/s", target, ...comparison });
  }
};

export const bareRelayPrograms = (redisUrl: string): RelayPrograms => ({
  publisher: "bench/bare/redis-publisher.ts",
  subscriber: "bench/bare/redis-subscriber.ts",
  environment: { REDIS_URL: redisUrl },
});

export const fanfareRelayPrograms = (
  redisUrl: string,
  environment: Readonly<Record<string, string>>,
): RelayPrograms => ({
  publisher: "bench/relay/publisher.ts",
  subscriber: "bench/relay/subscriber.ts",
  environment: { REDIS_URL: redisUrl, ...environment },
});
