import type { ErrorCode } from "../core/errors.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Clock, Scheduler } from "../core/ports.ts";
import type { Hub } from "../hub/hub.ts";
import type { FrameRates } from "../limits/frame-rates.ts";
import type { CommandType } from "../protocol/schemas.ts";
import type { SessionAuthentication } from "./authentication.ts";
import type { RecentLimits } from "./recent.ts";
import type { Requests } from "./requests.ts";
import type { UserRegistry } from "./user-registry.ts";

/** The bounds that hold for every session. */
export interface SessionLimits {
  readonly topicsMax: number;
  readonly commandsInFlightMax: number;
  readonly presenceMembersMax: number;
  /** Outgoing bytes beyond which the runtime disconnects. */
  readonly backpressureLimitBytes: number;
  readonly pingIntervalMs: number;
  readonly recent: RecentLimits;
}

/** Plain numbers that sessions count and telemetry reads. */
export interface SessionCounters {
  framesReceived: number;
  bytesReceived: number;
  readonly publications: { websocket: number };
  /** By `type`; `text` for what follows the chat rules. */
  readonly commands: { add(type: CommandType | "text"): void };
  readonly errors: { add(code: ErrorCode): void };
}

/** What all sessions of a node share. */
export interface SessionContext {
  readonly hub: Hub;
  readonly users: UserRegistry;
  readonly requests: Requests;
  readonly authentication: SessionAuthentication;
  readonly limits: SessionLimits;
  /** How fast clients may send. */
  readonly rates: FrameRates;
  readonly counters: SessionCounters;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Name of this node. */
  readonly node: string;
  /** What `GET /status` answers; null: clients are not told. */
  readonly status: (() => MaybePromise<object>) | null;
}
