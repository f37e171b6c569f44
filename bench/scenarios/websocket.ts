import { bareWebSocket, fanfare } from "../candidates.ts";
import type { Scenario } from "../scenario.ts";
import { compareFanOut } from "./fan-out.ts";

export const websocket: Scenario = {
  name: "websocket",
  byDefault: true,
  run: async (effort, report) => {
    for (const subscribers of [100, 1000]) {
      await compareFanOut(
        {
          label: "WebSocket",
          transport: "websocket",
          bare: bareWebSocket,
          fanfare,
          subscribers,
          loads: [
            { inFlight: 64, target: { kind: "ratio", atLeast: 0.9 } },
            { inFlight: 16, target: { kind: "ratio", atLeast: 0.85 } },
            { inFlight: 1, target: null },
          ],
        },
        effort,
        report,
      );
    }
  },
};
