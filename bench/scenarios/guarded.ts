import { fanfareForUser, fanfareGuarded } from "../candidates.ts";
import type { Scenario } from "../scenario.ts";
import { compareFanOut } from "./fan-out.ts";

const userId = "bench-user";

/** Fanfare with tokens, server keys and rules of topics beside itself without any of them. */
export const guarded: Scenario = {
  name: "guarded",
  byDefault: false,
  run: async (effort, report) => {
    for (const subscribers of [100, 1000]) {
      await compareFanOut(
        {
          label: "Tokens, keys and rules",
          transport: "websocket",
          bare: fanfareForUser(userId),
          fanfare: await fanfareGuarded(userId),
          subscribers,
          loads: [64, 16, 1].map((inFlight) => ({ inFlight, target: { kind: "ratio", atLeast: 0.95 } })),
        },
        effort,
        report,
      );
    }
  },
};
