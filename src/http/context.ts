import type { Server } from "bun";
import type { Access } from "../auth/access.ts";
import type { Identity } from "../auth/identity.ts";
import type { Revoker } from "../auth/revoker.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Config } from "../config/index.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Hub } from "../hub/hub.ts";
import type { TopicPayload } from "../protocol/topic-payload.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import type { Callers } from "./callers.ts";

/** What the application needs of Bun's server. */
export type RequestServer = Pick<Server<unknown>, "requestIP" | "timeout">;

/** Plain numbers that the application counts and telemetry reads. */
export interface HttpCounters {
  requestsReceived: number;
  bytesReceived: number;
  readonly publications: { rest: number };
  readonly errors: { add(code: ErrorCode): void };
}

/** All measurements; the routes know these of them. */
export interface ServerNumbers {
  readonly uptime_seconds: number;
  readonly connections: { readonly active: { readonly websocket: number; readonly sse: number } };
}

/** The measurements that are shown, of all processes that listen here. */
export interface HttpMetrics {
  toJson(): MaybePromise<ServerNumbers>;
  toPrometheus(openMetrics: boolean): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** One file of the page at `/`. */
export interface PageFile {
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Strong validator, quotes included. */
  readonly etag: string;
  readonly cacheControl: string;
}

/** The page at `/`: the document, whose path is `/`, and what it loads. */
export interface Page {
  readonly files: readonly PageFile[];
  readonly contentSecurityPolicy: string;
}

export interface HttpLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What all routes share. */
export interface HttpContext {
  readonly config: Config;
  readonly hub: Hub;
  /** Of this node. */
  readonly users: UserRegistry;
  /** Users on all nodes. */
  readonly cluster: Cluster;
  /** Who calls. */
  readonly callers: Callers;
  /** What they may do to topics. */
  readonly access: Access;
  /** Null: there are no tokens that could be revoked. */
  readonly revoker: Revoker | null;
  readonly counters: HttpCounters;
  readonly metrics: HttpMetrics;
  readonly log: HttpLog;
  /** Name of this node. */
  readonly node: string;
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly page: Page;
  /** What publications must have as `data`, by patterns of topics; another list when that has changed. */
  readonly payloads: () => readonly TopicPayload[];
  readonly drainState: () => "ready" | "draining";
  /** WebSockets of this node that read the topic. */
  readonly countWebSocketSubscribers: (topic: string) => number;
  /** Answers `GET /events`. The URL of a request without a valid `Host` is its path and query alone. */
  readonly openEventStream: (request: Request, server: RequestServer, reader: Identity) => Response | Failure;
}
