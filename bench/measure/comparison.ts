import { median } from "./statistics.ts";

/** A server, or several, under a load that can be switched on for a while. */
export interface Contender {
  /** What the work is divided by: seconds spent so far, of their processor time or of the clock. */
  seconds(): number;
  /** Loads it for `durationMs`; resolves with the units of work done once nothing is outstanding. */
  run(durationMs: number): Promise<number>;
}

export interface Rounds {
  readonly count: number;
  /** Turns that each server has within a round. */
  readonly turns: number;
  readonly turnMs: number;
}

export interface Comparison {
  /** Units of work for each second spent: medians over the rounds. */
  readonly bare: number;
  readonly fanfare: number;
  /** Fanfare's by bare's of the same round. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number };
}

interface Spent {
  work: number;
  seconds: number;
}

const takeTurn = async (contender: Contender, durationMs: number, spent: Spent): Promise<void> => {
  const before = contender.seconds();
  spent.work += await contender.run(durationMs);
  spent.seconds += contender.seconds() - before;
};

const rate = ({ work, seconds }: Spent): number => work / seconds;

/**
 * Loads both in turn. The turns are short and many, and who begins alternates, so that whatever else the
 * machine does meets both alike: one turn by itself may be off by a third.
 */
export const compare = async (bare: Contender, fanfare: Contender, rounds: Rounds): Promise<Comparison> => {
  const results: { bare: number; fanfare: number }[] = [];
  for (let round = 0; round < rounds.count; round++) {
    const bareSpent: Spent = { work: 0, seconds: 0 };
    const fanfareSpent: Spent = { work: 0, seconds: 0 };
    for (let turn = 0; turn < rounds.turns; turn++) {
      if (turn % 2 === 0) await takeTurn(bare, rounds.turnMs, bareSpent);
      await takeTurn(fanfare, rounds.turnMs, fanfareSpent);
      if (turn % 2 === 1) await takeTurn(bare, rounds.turnMs, bareSpent);
    }
    results.push({ bare: rate(bareSpent), fanfare: rate(fanfareSpent) });
  }
  const ratios = results.map((result) => result.fanfare / result.bare);
  return {
    bare: median(results.map((result) => result.bare)),
    fanfare: median(results.map((result) => result.fanfare)),
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
  };
};
