import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Scheduler, Timer } from "../core/ports.ts";
import {
  correlationIdTaken,
  openRequestsMax,
  type RequestEvents,
  type RequestFailure,
  type RequestOrder,
  tooManyRequests,
} from "../session/requests.ts";
import { askHere } from "./asking-here.ts";
import type { CancelRequest } from "./cluster.ts";
import { answered, asking, cancelled, freeCorrelationId, left } from "./request-messages.ts";
import type { RequestPorts } from "./requests-of-others.ts";

const idLength = 16;

/** A request of a caller of this node. */
interface OpenRequest {
  readonly id: string;
  readonly correlationId: string;
  readonly events: RequestEvents;
  readonly timer: Timer;
  /** Cancels it on this node; null: nobody was asked here, or all have left. */
  cancelHere: CancelRequest | null;
  /** The other nodes that were asked and have not left, with the number of what they say next. */
  readonly nodes: Map<string, number>;
  /** Other nodes have yet to say whether they have anybody to ask. */
  isAsking: boolean;
  /** There was somebody to ask, here or elsewhere. */
  wasAsked: boolean;
}

/**
 * Requests whose caller is on this node, to users on any. Each node asks its own connections and sends on what they
 * answer; the bus keeps the order of what one node says.
 */
export class ClusterRequests {
  readonly #ports: RequestPorts & { readonly scheduler: Scheduler };
  readonly #open = new Map<string, OpenRequest>();
  readonly #correlationIds = new Set<string>();

  constructor(ports: RequestPorts & { readonly scheduler: Scheduler }) {
    this.#ports = ports;
    ports.bus.onNotice(answered, ({ id, n, data, final }, from) => {
      const request = this.#said(id, n, from);
      if (request === null) return;
      // It has ended there by itself.
      if (final) request.nodes.delete(from);
      this.#respond(request, data, final);
    });
    ports.bus.onNotice(left, ({ id, n }, from) => {
      const request = this.#said(id, n, from);
      if (request !== null) this.#leftBy(request, from);
    });
    ports.directory.onLost((node) => {
      for (const request of [...this.#open.values()]) this.#leftBy(request, node);
    });
  }

  /** Null: nobody is connected, and nothing was asked. */
  ask(
    userIds: readonly string[],
    order: RequestOrder,
    events: RequestEvents,
  ): MaybePromise<CancelRequest | null | Failure> {
    const { random, scheduler } = this.#ports;
    const { correlationId, timeoutMs } = order;
    if (this.#correlationIds.has(correlationId)) return correlationIdTaken;
    if (this.#open.size >= openRequestsMax) return tooManyRequests;
    const request: OpenRequest = {
      id: random.token(idLength),
      correlationId,
      events,
      timer: scheduler.after(timeoutMs, () => this.#fail(request, "timeout")),
      cancelHere: null,
      nodes: new Map(),
      isAsking: true,
      wasAsked: false,
    };
    this.#open.set(request.id, request);
    this.#correlationIds.add(correlationId);
    const here = this.#askHere(userIds, order, request);
    if (here instanceof Failure) {
      this.#end(request);
      return here;
    }
    const others = this.#askOthers(userIds, order, request);
    return here === null ? others : () => this.#end(request);
  }

  #askHere(
    userIds: readonly string[],
    order: RequestOrder,
    request: OpenRequest,
  ): CancelRequest | null | Failure {
    const { random, requests } = this.#ports;
    let haveLeft = false;
    const here = askHere(
      this.#ports,
      userIds,
      { ...order, correlationId: freeCorrelationId(order.correlationId, requests, random) },
      {
        response: (data, final) => this.#respond(request, data, final),
        failed: (reason) => {
          // The time is counted for all nodes at once.
          if (reason !== "gone") return;
          haveLeft = true;
          request.cancelHere = null;
          this.#failIfGone(request);
        },
      },
    );
    if (here === null || here instanceof Failure) return here;
    request.wasAsked = true;
    if (!haveLeft) request.cancelHere = here;
    return here;
  }

  /** Resolves as soon as one node has somebody to ask, or when all have said that they have not. */
  #askOthers(
    userIds: readonly string[],
    { correlationId, message, data, timeoutMs }: RequestOrder,
    request: OpenRequest,
  ): Promise<CancelRequest | null | Failure> {
    const { bus } = this.#ports;
    const { id } = request;
    const text = message === undefined ? {} : { message };
    const question = { id, users: [...userIds], correlation_id: correlationId, ...text, data };
    return new Promise((resolve) => {
      const noted = ({ asked }: { asked: boolean }, from: string) => {
        if (!asked) return;
        request.wasAsked = true;
        if (this.#open.has(id)) request.nodes.set(from, 0);
        else void bus.send(from, cancelled, { id });
        resolve(() => this.#end(request));
      };
      void bus.ask(asking, { ...question, timeout_ms: timeoutMs }, noted).then((outcome) => {
        request.isAsking = false;
        if (request.wasAsked) {
          this.#failIfGone(request);
        } else {
          this.#end(request);
          resolve(outcome instanceof Failure ? outcome : null);
        }
      });
    });
  }

  /** The request that a node says something of; null: there is none, or something before it was lost. */
  #said(id: string, n: number, from: string): OpenRequest | null {
    const request = this.#open.get(id);
    if (request === undefined) {
      void this.#ports.bus.send(from, cancelled, { id });
      return null;
    }
    if (n !== (request.nodes.get(from) ?? 0)) {
      this.#fail(request, "lost");
      return null;
    }
    request.nodes.set(from, n + 1);
    return request;
  }

  #respond(request: OpenRequest, data: unknown, final: boolean): void {
    if (final) this.#end(request);
    request.events.response(data, final);
  }

  #leftBy(request: OpenRequest, node: string): void {
    if (request.nodes.delete(node)) this.#failIfGone(request);
  }

  #failIfGone(request: OpenRequest): void {
    if (request.isAsking || request.cancelHere !== null || request.nodes.size > 0) return;
    this.#fail(request, "gone");
  }

  #fail(request: OpenRequest, reason: RequestFailure): void {
    if (!this.#open.has(request.id)) return;
    this.#end(request);
    request.events.failed(reason);
  }

  #end(request: OpenRequest): void {
    if (!this.#open.delete(request.id)) return;
    this.#correlationIds.delete(request.correlationId);
    request.timer.cancel();
    request.cancelHere?.();
    for (const node of request.nodes.keys()) {
      void this.#ports.bus.send(node, cancelled, { id: request.id });
    }
  }
}
