import type { Server } from "bun";
import { retryAfterSeconds } from "../core/bounds.ts";
import { Failure } from "../core/failure.ts";
import type { NetworkRange } from "../core/network-address.ts";
import type { Clock } from "../core/ports.ts";
import { BucketTable } from "../limits/bucket-table.ts";
import { clientOf } from "../limits/client-address.ts";
import { ConnectionCounts } from "../limits/connection-counts.ts";
import type { Rate } from "../limits/rate.ts";
import { TokenBucket } from "../limits/token-bucket.ts";

export interface AdmissionLimits {
  readonly connectionsMax: number;
  /** Of one client's address; 0: no such bound. */
  readonly connectionsPerAddressMax: number;
  /** New connections, of all together and of one address; null: no such bound. */
  readonly rate: Rate | null;
  readonly ratePerAddress: Rate | null;
  readonly trustedProxies: readonly NetworkRange[];
}

export interface AdmissionPorts {
  readonly clock: Clock;
  /** Connections open now, of every transport. */
  readonly openNow: () => number;
  /** Whether load is being shed. */
  readonly isOverloaded: () => boolean;
}

/** Why a connection was not accepted, for logs and metrics. */
export type RefusalReason =
  | "draining"
  | "overloaded"
  | "max_connections"
  | "max_connections_per_address"
  | "rate_limited"
  | "origin"
  | "unauthorized"
  | "forbidden"
  | "conflict"
  | "bad_request";

/** Told why a connection was refused. */
export type OnRefused = (reason: RefusalReason, failure: Failure) => void;

/** Why one more connection may not come in now. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly failure: Failure;
  /** When it may try again. */
  readonly retryAfterSeconds: number;
  /** It passes by itself: also a client that would take an error for good is to try again. */
  readonly passes: boolean;
}

/** Addresses whose rate is remembered at once. */
const addressesMax = 65_536;

/** Seconds after which those may try again that were refused because of load. */
const overloadedRetrySeconds = 10;

const draining: Refusal = {
  reason: "draining",
  failure: new Failure("draining", "This server is shutting down: connect again, to another node."),
  retryAfterSeconds,
  passes: true,
};
const overloaded: Refusal = {
  reason: "overloaded",
  failure: new Failure("unavailable", "This server has more to do than it can: try again later."),
  retryAfterSeconds: overloadedRetrySeconds,
  passes: true,
};

/** Whether one more connection may come in, of any transport. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #ports: AdmissionPorts;
  readonly #rate: TokenBucket | null;
  readonly #rates: BucketTable | null;
  readonly #counts = new ConnectionCounts();
  readonly #knowsClients: boolean;
  #draining = false;

  constructor(limits: AdmissionLimits, ports: AdmissionPorts) {
    const { rate, ratePerAddress } = limits;
    this.#limits = limits;
    this.#ports = ports;
    this.#rate = rate === null ? null : new TokenBucket(rate, ports.clock.now());
    this.#rates = ratePerAddress === null ? null : new BucketTable(ratePerAddress, addressesMax);
    this.#knowsClients = ratePerAddress !== null || limits.connectionsPerAddressMax > 0;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** From now on nobody comes in. */
  drain(): void {
    this.#draining = true;
  }

  /** Whom a request's connection is counted for; null where nobody is told from others. */
  clientOf(request: Request, server: Pick<Server<unknown>, "requestIP">): string | null {
    if (!this.#knowsClients) return null;
    const forwardedFor = request.headers.get("x-forwarded-for");
    return clientOf(server.requestIP(request)?.address, forwardedFor, this.#limits.trustedProxies);
  }

  /** Why one more connection may not come in; null: it may. */
  refusal(client: string | null): Refusal | null {
    if (this.#draining) return draining;
    if (this.#ports.isOverloaded()) return overloaded;
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    if (this.#ports.openNow() >= connectionsMax) {
      return refused(
        "max_connections",
        `This server has as many connections as it may (${connectionsMax}): try again later.`,
      );
    }
    if (client === null || connectionsPerAddressMax === 0) return null;
    if (this.#counts.of(client) < connectionsPerAddressMax) return null;
    return refused(
      "max_connections_per_address",
      `Your address has as many connections as it may (${connectionsPerAddressMax}): close one first.`,
    );
  }

  /** As `refusal`, and counts an attempt to come in: there may be so many in a time. */
  attempt(client: string | null): Refusal | null {
    const refusal = this.refusal(client);
    if (refusal !== null) return refusal;
    const ofClient = client === null ? null : (this.#rates?.of(client, this.#ports.clock.now()) ?? null);
    // First that of the client, which must not use up everybody's.
    return this.#rateRefusal(ofClient, "Your address") ?? this.#rateRefusal(this.#rate, "This server");
  }

  /** A client's connection is open; null is nobody. */
  opened(client: string | null): void {
    if (client !== null) this.#counts.opened(client);
  }

  closed(client: string | null): void {
    if (client !== null) this.#counts.closed(client);
  }

  #rateRefusal(bucket: TokenBucket | null, who: string): Refusal | null {
    if (bucket === null) return null;
    const now = this.#ports.clock.now();
    if (bucket.take(1, now)) return null;
    const message = `${who} has as many new connections as it may in so short a time: try again later.`;
    return {
      reason: "rate_limited",
      failure: new Failure("rate_limited", message),
      retryAfterSeconds: Math.ceil(bucket.waitMs(1, now) / 1000),
      passes: true,
    };
  }
}

function refused(reason: RefusalReason, message: string): Refusal {
  return { reason, failure: new Failure("unavailable", message), retryAfterSeconds, passes: false };
}
