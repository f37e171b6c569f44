import { Failure } from "../core/failure.ts";
import type { Scheduler, Timer } from "../core/ports.ts";
import { encodeRequest } from "../protocol/encode.ts";
import type { UserConnection } from "./user-registry.ts";

/** What one caller asks of a user's connections. */
export interface RequestOrder {
  readonly correlationId: string;
  readonly message?: string | undefined;
  readonly data?: unknown;
  readonly timeoutMs: number;
}

/** What the caller is told. */
export interface RequestEvents {
  /** One answer; after a `final` one nothing follows. */
  response(data: unknown, final: boolean): void;
  /** Nothing follows. */
  failed(reason: RequestFailure): void;
}

/**
 * `timeout`: no final answer in time; `gone`: everyone who was asked has left; `lost`: an answer did not arrive from
 * the node that took it.
 */
export type RequestFailure = "timeout" | "gone" | "lost";

/** A request that waits for answers. */
interface OpenRequest {
  readonly asked: Set<UserConnection>;
  readonly events: RequestEvents;
  readonly timer: Timer;
}

/** Requests of one node that may wait at one time. */
export const openRequestsMax = 10_000;

const unknown = new Failure("not_found", "correlation_id: no request with it waits for an answer.");
const notAsked = new Failure("forbidden", "correlation_id: that request was not sent to this connection.");
export const correlationIdTaken = new Failure(
  "conflict",
  "correlation_id: a request with it is waiting for answers already.",
);
export const tooManyRequests = new Failure(
  "rate_limited",
  `Too many requests (${openRequestsMax}) wait for answers: try again later.`,
);

/**
 * Requests to users' connections, and their answers on the way back to who asked. An answer counts only from a
 * connection that was asked.
 */
export class Requests {
  readonly #scheduler: Scheduler;
  readonly #open = new Map<string, OpenRequest>();
  /** By connection: the requests that it was asked. */
  readonly #askedOf = new Map<UserConnection, Set<string>>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Requests that wait for answers. */
  get open(): number {
    return this.#open.size;
  }

  /** Whether a request with the correlation id waits for answers. */
  has(correlationId: string): boolean {
    return this.#open.has(correlationId);
  }

  /** Asks the connections; the returned function cancels, when the caller is no longer there to be told. */
  ask(
    connections: Iterable<UserConnection>,
    order: RequestOrder,
    events: RequestEvents,
  ): (() => void) | Failure {
    const { correlationId } = order;
    if (this.#open.has(correlationId)) return correlationIdTaken;
    if (this.#open.size >= openRequestsMax) return tooManyRequests;
    const asked = new Set(connections);
    const timer = this.#scheduler.after(order.timeoutMs, () => {
      this.#end(correlationId);
      events.failed("timeout");
    });
    const request = { asked, events, timer };
    this.#open.set(correlationId, request);
    for (const connection of asked) {
      this.#askedOf.set(connection, (this.#askedOf.get(connection) ?? new Set()).add(correlationId));
    }
    // After all of them are noted: who turns out to be too slow for it leaves in the midst of this.
    const frame = encodeRequest(order);
    for (const connection of asked) connection.tell("request", frame);
    return () => {
      // Its correlation id may name a later request by now.
      if (this.#open.get(correlationId) === request) this.#end(correlationId);
    };
  }

  /** An answer from a connection; a Failure when it was not asked. */
  respond(connection: UserConnection, correlationId: string, data: unknown, final: boolean): Failure | null {
    const request = this.#open.get(correlationId);
    if (request === undefined) return unknown;
    if (!request.asked.has(connection)) return notAsked;
    if (final) this.#end(correlationId);
    request.events.response(data, final);
    return null;
  }

  /** A connection is gone, and will not answer any more. */
  left(connection: UserConnection): void {
    const correlationIds = this.#askedOf.get(connection);
    if (correlationIds === undefined) return;
    this.#askedOf.delete(connection);
    for (const correlationId of correlationIds) {
      const request = this.#open.get(correlationId);
      if (request === undefined) continue;
      request.asked.delete(connection);
      if (request.asked.size > 0) continue;
      this.#end(correlationId);
      request.events.failed("gone");
    }
  }

  #end(correlationId: string): void {
    const request = this.#open.get(correlationId);
    if (request === undefined) return;
    this.#open.delete(correlationId);
    request.timer.cancel();
    for (const connection of request.asked) {
      const correlationIds = this.#askedOf.get(connection);
      correlationIds?.delete(correlationId);
      if (correlationIds?.size === 0) this.#askedOf.delete(connection);
    }
  }
}
