import type { Clock, Scheduler } from "../core/ports.ts";
import { type Expiring, ExpiryWheel } from "./expiry-wheel.ts";
import type { Identity } from "./identity.ts";

/** A connection that stands on what somebody proved. */
export interface Admittee extends Expiring {
  readonly identity: Identity;
}

/** When an identity's connection must end. A token accepted for the sake of clocks that differ has that little more. */
export function endOf({ token }: Identity, now: number, clockSkewMs: number): number {
  if (token === null) return Number.POSITIVE_INFINITY;
  return token.expiresAtMs > now ? token.expiresAtMs : token.expiresAtMs + clockSkewMs;
}

/** All connections of this node that stand on a token or a key; each ends when that does. */
export class Admitted {
  readonly #wheel: ExpiryWheel<Admittee>;

  constructor(ports: { readonly clock: Clock; readonly scheduler: Scheduler }) {
    this.#wheel = new ExpiryWheel(ports);
  }

  add(admittee: Admittee): void {
    this.#wheel.add(admittee);
  }

  remove(admittee: Admittee): void {
    this.#wheel.remove(admittee);
  }

  /** Ends the connections whose identity is good no more; how many they were. Looks at all: for what is rare. */
  endThose(isGood: (identity: Identity) => boolean): number {
    // A list first: each leaves the wheel while it is walked.
    const ended = [...this.#wheel.all()].filter(({ identity }) => !isGood(identity));
    for (const admittee of ended) admittee.expire();
    return ended.length;
  }

  close(): void {
    this.#wheel.close();
  }
}
