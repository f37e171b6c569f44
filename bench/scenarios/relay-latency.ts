import { bareRedisWebSocket, fanfareOnRedis } from "../candidates.ts";
import { LatencyLoad } from "../load/latency-load.ts";
import { ServerProcess } from "../measure/server-process.ts";
import { median, quantile } from "../measure/statistics.ts";
import type { Effort, Row, Target } from "../scenario.ts";

const ratePerSecond = 1000;
const turnMs = 1500;
const microsecondsPerMillisecond = 1000;

/** Which share of all publications was faster, and what Fanfare may take in comparison. */
const quantiles: readonly { readonly share: number; readonly target: Target | null }[] = [
  { share: 0.5, target: null },
  { share: 0.99, target: { kind: "ratio", atMost: 2 } },
];

/** From a publisher at one of two processes until subscribers at both have it, over WebSockets. */
export const compareRelayLatency = async (
  redisUrl: string,
  effort: Effort,
  report: (row: Row) => void,
): Promise<void> => {
  const candidate = bareRedisWebSocket(redisUrl);
  await using first = await ServerProcess.start(candidate);
  await using second = await ServerProcess.start(candidate);
  await using workers = await ServerProcess.start(fanfareOnRedis(redisUrl, 2), effort.start);
  using bareLoad = await LatencyLoad.open([first.port, second.port], 2);
  using fanfareLoad = await LatencyLoad.open([workers.port], 2);
  await bareLoad.run(ratePerSecond, effort.warmUpMs);
  await fanfareLoad.run(ratePerSecond, effort.warmUpMs);

  const rounds: { readonly bare: number[]; readonly fanfare: number[] }[] = [];
  for (let round = 0; round < effort.rounds.count; round++) {
    const isBareFirst = round % 2 === 0;
    const early = await (isBareFirst ? bareLoad : fanfareLoad).run(ratePerSecond, turnMs);
    const late = await (isBareFirst ? fanfareLoad : bareLoad).run(ratePerSecond, turnMs);
    rounds.push(isBareFirst ? { bare: early, fanfare: late } : { bare: late, fanfare: early });
  }
  for (const { share, target } of quantiles) {
    const bare = rounds.map((round) => quantile(round.bare, share));
    const fanfare = rounds.map((round) => quantile(round.fanfare, share));
    const ratios = fanfare.map((latency, round) => latency / bare[round]!);
    report({
      scenario: `Two workers, ${ratePerSecond} publications/s, both have it: p${share * 100}`,
      unit: "µs",
      bare: median(bare) * microsecondsPerMillisecond,
      fanfare: median(fanfare) * microsecondsPerMillisecond,
      ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
      target,
    });
  }
};
