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
  /** Publications outstanding at a time, and what Fanfare's share of the bare server's rate has to be. */
  readonly loads: readonly { readonly inFlight: number; readonly target: Target | null }[];
}

/** Fan-out of one topic, both servers alive side by side, one row for each number of publications in flight. */
export const compareFanOut = async (
  test: FanOutCase,
  effort: Effort,
  report: (row: Row) => void,
): Promise<void> => {
  const { transport, subscribers } = test;
  const inFlightMax = Math.max(...test.loads.map((load) => load.inFlight));
  await using bareServer = await ServerProcess.start(test.bare);
  await using fanfareServer = await ServerProcess.start(test.fanfare, effort.start);
  await using bareLoad = await FanOutLoad.open({
    port: bareServer.port,
    transport,
    subscribers,
    inFlightMax,
  });
  await using fanfareLoad = await FanOutLoad.open({
    port: fanfareServer.port,
    transport,
    subscribers,
    inFlightMax,
  });

  const [bareShape, fanfareShape] = [await bareLoad.shape(), await fanfareLoad.shape()];
  if (bareShape !== fanfareShape) {
    throw new Error(`the two servers do not send the same bytes:\n${bareShape}\n${fanfareShape}`);
  }
  await bareLoad.run(inFlightMax, effort.warmUpMs);
  await fanfareLoad.run(inFlightMax, effort.warmUpMs);

  for (const { inFlight, target } of test.loads) {
    const contender = (server: ServerProcess, load: FanOutLoad) => ({
      server,
      run: async (durationMs: number) => (await load.run(inFlight, durationMs)).deliveries,
    });
    const comparison = await compare(
      contender(bareServer, bareLoad),
      contender(fanfareServer, fanfareLoad),
      effort.rounds,
    );
    report({
      scenario: `${test.label}, ${subscribers} subscribers, ${inFlight} in flight`,
      unit: "deliveries/CPU s",
      target,
      ...comparison,
    });
  }
};
