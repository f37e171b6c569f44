import { bareRest, fanfare } from "../candidates.ts";
import { RestLoad } from "../load/rest-load.ts";
import { compare } from "../measure/comparison.ts";
import { type Candidate, ServerProcess } from "../measure/server-process.ts";
import type { Effort, Row, Scenario } from "../scenario.ts";

const connections = 32;

/** `POST /publish` of a 64-byte message to a topic that nobody reads. */
export const compareRest = async (
  label: string,
  bare: Candidate,
  other: Candidate,
  effort: Effort,
  report: (row: Row) => void,
): Promise<void> => {
  await using bareServer = await ServerProcess.start(bare);
  await using otherServer = await ServerProcess.start(other, effort.start);
  await using bareLoad = await RestLoad.open(bareServer.port, connections);
  await using otherLoad = await RestLoad.open(otherServer.port, connections);
  await bareLoad.run(effort.warmUpMs);
  await otherLoad.run(effort.warmUpMs);
  const comparison = await compare(
    { seconds: () => bareServer.cpuSeconds(), run: (durationMs) => bareLoad.run(durationMs) },
    { seconds: () => otherServer.cpuSeconds(), run: (durationMs) => otherLoad.run(durationMs) },
    effort.rounds,
  );
  report({
    scenario: `${label}, ${connections} connections`,
    unit: "requests/CPU s",
    target: null,
    ...comparison,
  });
};

export const rest: Scenario = {
  name: "rest",
  byDefault: true,
  run: (effort, report) => compareRest("REST publish", bareRest, fanfare, effort, report),
};
