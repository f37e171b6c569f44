import { bareEventStream, bareRest, bareWebSocket } from "../candidates.ts";
import type { Scenario } from "../scenario.ts";
import { compareFanOut } from "./fan-out.ts";
import { compareRest } from "./rest.ts";

/** Each bare server against itself: how far from 1.00 a ratio may lie without meaning anything. */
export const selfcheck: Scenario = {
  name: "selfcheck",
  byDefault: false,
  run: async (effort, report) => {
    for (const subscribers of [100, 1000]) {
      await compareFanOut(
        {
          label: "WebSocket, bare twice",
          transport: "websocket",
          bare: bareWebSocket,
          fanfare: bareWebSocket,
          subscribers,
          loads: [64, 16, 1].map((inFlight) => ({ inFlight, target: null })),
        },
        effort,
        report,
      );
    }
    await compareFanOut(
      {
        label: "SSE, bare twice",
        transport: "event-stream",
        bare: bareEventStream,
        fanfare: bareEventStream,
        subscribers: 1000,
        loads: [{ inFlight: 64, target: null }],
      },
      effort,
      report,
    );
    await compareRest("REST, bare twice", bareRest, bareRest, effort, report);
  },
};
