import { Failure } from "../core/failure.ts";

const draining = new Failure("draining", "This server is shutting down: connect again, to another node.");

/** Why a connection was not accepted, for logs and metrics. */
export type RefusalReason = "draining" | "max_connections" | "origin" | "conflict" | "bad_request";

/** Told why a connection was refused. */
export type OnRefused = (reason: RefusalReason, failure: Failure) => void;

/** The reason of what `Admission.refusal` says. */
export function reasonOf(refusal: Failure): RefusalReason {
  return refusal.code === "draining" ? "draining" : "max_connections";
}

/** Whether one more connection may come in, of any transport. */
export class Admission {
  readonly #connectionsMax: number;
  readonly #openNow: () => number;
  #draining = false;

  constructor(connectionsMax: number, openNow: () => number) {
    this.#connectionsMax = connectionsMax;
    this.#openNow = openNow;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** From now on nobody comes in. */
  drain(): void {
    this.#draining = true;
  }

  /** Null: it may. */
  refusal(): Failure | null {
    if (this.#draining) return draining;
    if (this.#openNow() < this.#connectionsMax) return null;
    return new Failure(
      "unavailable",
      `This server has as many connections as it may (${this.#connectionsMax}): try again later.`,
    );
  }
}
