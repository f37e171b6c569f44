import type { TransportName } from "./counters.ts";
import type { Counts } from "./labelled-counter.ts";

/** How much load is shed, and why. */
export interface LoadState {
  readonly level: string;
  /** 0: none; then one more for each level. */
  readonly rank: number;
  readonly cause: string | null;
}

/** What there is now, as functions that are called when somebody asks. */
export interface MetricsSource {
  connections(): Counts<TransportName>;
  subscriptions(): number;
  topics(): number;
  /** Memory of all rings together, in bytes. */
  ringBytes(): number;
  load(): LoadState;
  /** Whether the broker can do its work: Redis answers, or there is none. */
  isBrokerConnected(): boolean;
}

export const emptySource: MetricsSource = {
  connections: () => ({ websocket: 0, sse: 0 }),
  subscriptions: () => 0,
  topics: () => 0,
  ringBytes: () => 0,
  load: () => ({ level: "normal", rank: 0, cause: null }),
  isBrokerConnected: () => true,
};
