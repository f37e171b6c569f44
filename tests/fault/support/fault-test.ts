import { test } from "bun:test";
import { SeededRandom } from "./seeded-random.ts";

/** `bun run test:fault` sets it: the same tests with more rounds, more clients and more time. */
const isLong = process.env.FAULT_LONG === "1";

const secondsAtMost = isLong ? 1_200 : 60;

export interface FaultRun {
  /** When and where faults strike comes from here, so that a run can be had again by its seed. */
  readonly random: SeededRandom;
  /** What is pushed here is undone when the test ends, the last first. */
  readonly cleanUp: AsyncDisposableStack;
  /** The first in `bun test`, the second in `bun run test:fault`. */
  choose<T>(short: T, long: T): T;
}

/** A test whose seed is printed; `FAULT_SEED` in the environment replays one. */
export function faultTest(name: string, run: (faults: FaultRun) => Promise<void>): void {
  test(
    name,
    async () => {
      const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
      console.log(`${name}: FAULT_SEED=${seed}`);
      await using cleanUp = new AsyncDisposableStack();
      await run({
        random: new SeededRandom(seed),
        cleanUp,
        choose: (short, long) => (isLong ? long : short),
      });
    },
    secondsAtMost * 1000,
  );
}
