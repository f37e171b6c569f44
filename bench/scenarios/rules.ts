import { fanfare, fanfareWithRules } from "../candidates.ts";
import type { Scenario } from "../scenario.ts";
import { compareFanOut } from "./fan-out.ts";

/** Fanfare with rules of topics beside itself without: what rules cost, and what gathering saves. */
export const rules: Scenario = {
  name: "rules",
  byDefault: false,
  run: async (effort, report) => {
    await compareFanOut(
      {
        label: "Rules",
        transport: "websocket",
        bare: fanfare,
        fanfare: fanfareWithRules("typical"),
        subscribers: 100,
        loads: [64, 16, 1].map((inFlight) => ({ inFlight, target: { kind: "ratio", atLeast: 0.95 } })),
      },
      effort,
      report,
    );
    for (const flushMs of [10, 50]) {
      for (const transport of ["websocket", "event-stream"] as const) {
        await compareFanOut(
          {
            label: `${transport === "websocket" ? "WebSocket" : "SSE"}, flush_ms ${flushMs}`,
            transport,
            bare: fanfare,
            fanfare: fanfareWithRules(`flush-${flushMs}`),
            subscribers: 500,
            loads: [200, 1000].map((perSecond) => ({ perSecond, target: null })),
          },
          effort,
          report,
        );
      }
    }
  },
};
