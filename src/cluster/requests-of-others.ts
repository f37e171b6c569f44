import { Failure } from "../core/failure.ts";
import type { Random } from "../core/ports.ts";
import type { Requests } from "../session/requests.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import { askHere } from "./asking-here.ts";
import type { CancelRequest } from "./cluster.ts";
import type { NodeBus } from "./node-bus.ts";
import type { NodeDirectory } from "./ports.ts";
import { type Asking, answered, asking, cancelled, freeCorrelationId, left } from "./request-messages.ts";

export interface RequestPorts {
  readonly bus: NodeBus;
  readonly directory: NodeDirectory;
  readonly users: UserRegistry;
  readonly requests: Requests;
  readonly random: Random;
}

/** Requests whose caller is on another node: asks the connections of this one, and passes their answers on. */
export class RequestsOfOthers {
  readonly #ports: RequestPorts;
  /** By the caller's node, then by the request's id there. */
  readonly #open = new Map<string, Map<string, CancelRequest>>();

  constructor(ports: RequestPorts) {
    this.#ports = ports;
  }

  /** Takes them from now on. */
  serve(): void {
    const ports = this.#ports;
    ports.bus.onQuestion(asking, (question, from) => ({ asked: this.#ask(question, from) }));
    ports.bus.onNotice(cancelled, ({ id }, from) => this.#take(from, id)?.());
    ports.directory.onLost((node) => {
      const ofNode = this.#open.get(node);
      this.#open.delete(node);
      for (const cancel of ofNode?.values() ?? []) cancel();
    });
  }

  /** False: nobody who could answer is connected here. */
  #ask(question: Asking, from: string): boolean {
    const { bus, requests, random } = this.#ports;
    const { id, users, message, data } = question;
    let said = 0;
    let isOver = false;
    const cancel = askHere(
      this.#ports,
      users,
      {
        correlationId: freeCorrelationId(question.correlation_id, requests, random),
        message,
        data,
        timeoutMs: question.timeout_ms,
      },
      {
        response: (answer, final) => {
          if (final) this.#take(from, id);
          void bus.send(from, answered, { id, n: said++, data: answer, final });
        },
        failed: (reason) => {
          isOver = true;
          // That the time is over the caller's node sees by itself; before it has noted that this one was asked,
          // it need not be told that all have left.
          if (this.#take(from, id) === undefined || reason !== "gone") return;
          void bus.send(from, left, { id, n: said++ });
        },
      },
    );
    if (cancel === null || cancel instanceof Failure || isOver) return false;
    const ofNode = this.#open.get(from) ?? new Map<string, CancelRequest>();
    this.#open.set(from, ofNode.set(id, cancel));
    return true;
  }

  /** Forgets a request; what cancels it, if it was known. */
  #take(node: string, id: string): CancelRequest | undefined {
    const ofNode = this.#open.get(node);
    const cancel = ofNode?.get(id);
    ofNode?.delete(id);
    if (ofNode?.size === 0) this.#open.delete(node);
    return cancel;
  }
}
