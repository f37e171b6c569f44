import { bareEventStream, fanfare } from "../candidates.ts";
import type { Scenario } from "../scenario.ts";
import { compareFanOut } from "./fan-out.ts";

export const eventStream: Scenario = {
  name: "event-stream",
  byDefault: true,
  run: async (effort, report) => {
    await compareFanOut(
      {
        label: "SSE",
        transport: "event-stream",
        bare: bareEventStream,
        fanfare,
        subscribers: 1000,
        loads: [{ inFlight: 64, target: { kind: "ratio", atLeast: 0.75 } }],
      },
      effort,
      report,
    );
  },
};
