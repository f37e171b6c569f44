import type { Rounds } from "./measure/comparison.ts";
import type { StartOptions } from "./measure/server-process.ts";

export interface Effort {
  readonly rounds: Rounds;
  /** How long each server is loaded before anything is measured. */
  readonly warmUpMs: number;
  readonly idleConnections: number;
  readonly start: StartOptions;
}

/** One line of the table. */
export interface Row {
  readonly scenario: string;
  /** What `bare` and `fanfare` count. */
  readonly unit: string;
  readonly bare: number;
  readonly fanfare: number;
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number } | null;
  readonly target: Target | null;
}

export type Target =
  | { readonly kind: "ratio"; readonly atLeast: number }
  | { readonly kind: "ratio"; readonly atMost: number }
  | { readonly kind: "fanfare"; readonly atMost: number };

export interface Scenario {
  readonly name: string;
  /** Whether it runs when none is named. */
  readonly byDefault: boolean;
  run(effort: Effort, report: (row: Row) => void): Promise<void>;
}

/** Null where there is no target. */
export const meetsTarget = (row: Row): boolean | null => {
  if (row.target === null) return null;
  if (row.target.kind === "fanfare") return row.fanfare <= row.target.atMost;
  if (row.ratio === null) return false;
  const { median } = row.ratio;
  return "atMost" in row.target ? median <= row.target.atMost : median >= row.target.atLeast;
};
