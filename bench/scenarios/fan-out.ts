import { FanOutLoad, type Transport } from "../load/fan-out-load.ts";
import { compare } from "../measure/comparison.ts";
import { type Candidate, ServerProcess } from "../measure/server-process.ts";
import type { Effort, Row, Target } from "../scenario.ts";

export interface FanOutCase {
  readonly label: string;
  readonly transport: Transport;
  readonly bare: Candidate;
  readonly fanfare: Candidate;
  readonly subscribers: number;
  readonly loads: readonly Load[];
}

/** So many publications outstanding at a time, or so many a second; and what Fanfare's share of the bare rate has to be. */
type Load = { readonly target: Target | null } & (
  | { readonly inFlight: number }
  | { readonly perSecond: number }
);

/** Publications that may be outstanding where they come at a rate. */
const pacedInFlightMax = 4096;
const warmUpInFlight = 64;

const labelOf = (load: Load): string =>
  "inFlight" in load ? `${load.inFlight} in flight` : `${load.perSecond} a second`;

/** Fan-out of one topic, both servers alive side by side, one row for each number of publications in flight. */
export const compareFanOut = async (
  test: FanOutCase,
  effort: Effort,
  report: (row: Row) => void,
): Promise<void> => {
  const { transport, subscribers } = test;
  const inFlightMax = Math.max(
    ...test.loads.map((load) => ("inFlight" in load ? load.inFlight : pacedInFlightMax)),
  );
  await using bareServer = await ServerProcess.start(test.bare);
  await using fanfareServer = await ServerProcess.start(test.fanfare, effort.start);
  await using bareLoad = await FanOutLoad.open({
    port: bareServer.port,
    query: test.bare.query ?? "",
    transport,
    subscribers,
    inFlightMax,
  });
  await using fanfareLoad = await FanOutLoad.open({
    port: fanfareServer.port,
    query: test.fanfare.query ?? "",
    transport,
    subscribers,
    inFlightMax,
  });

  const [bareShape, fanfareShape] = [await bareLoad.shape(), await fanfareLoad.shape()];
  if (bareShape !== fanfareShape) {
    throw new Error(`the two servers do not send the same bytes:\n${bareShape}\n${fanfareShape}`);
  }
  const warmUp = Math.min(inFlightMax, warmUpInFlight);
  await bareLoad.run(warmUp, effort.warmUpMs);
  await fanfareLoad.run(warmUp, effort.warmUpMs);

  for (const load of test.loads) {
    const contender = (server: ServerProcess, clients: FanOutLoad) => ({
      seconds: () => server.cpuSeconds(),
      run: async (durationMs: number) => {
        const result =
          "inFlight" in load
            ? clients.run(load.inFlight, durationMs)
            : clients.pace(load.perSecond, durationMs);
        return (await result).deliveries;
      },
    });
    const comparison = await compare(
      contender(bareServer, bareLoad),
      contender(fanfareServer, fanfareLoad),
      effort.rounds,
    );
    report({
      scenario: `${test.label}, ${subscribers} subscribers, ${labelOf(load)}`,
      unit: "deliveries/CPU s",
      target: load.target,
      ...comparison,
    });
  }
};
