import { Failure } from "../core/failure.ts";
import type { Clock } from "../core/ports.ts";
import type { Identity } from "./identity.ts";
import type { Revocation } from "./revocation.ts";

/** Revocations that are remembered at most. */
const entriesMax = 100_000;

/** Before this many nothing is looked at for being over. */
const sweepAtLeast = 1000;

const full = new Failure(
  "rate_limited",
  `As many revocations as can be remembered (${entriesMax}) are in force: ` +
    "let tokens live shorter (JWT_LIFETIME_MAX), so that they are over sooner.",
);

interface UserEntry {
  readonly atMs: number;
  readonly untilMs: number;
}

/**
 * The tokens that do not count any more although they have not expired. Applying a revocation twice, or two in
 * another order, comes to the same, so that nodes need no agreement to know the same.
 */
export class Revocations {
  readonly #clock: Clock;
  readonly #users = new Map<string, UserEntry>();
  /** Until when each is remembered. */
  readonly #tokens = new Map<string, number>();
  #sweepAt = sweepAtLeast;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#users.size + this.#tokens.size;
  }

  /** Null: it is in force. A Failure: there are too many. */
  apply(revocation: Revocation): Failure | null {
    if (this.size >= this.#sweepAt) this.#sweep();
    if (this.size >= entriesMax && !this.#has(revocation)) return full;
    if (revocation.kind === "user") {
      const { userId, atMs, untilMs } = revocation;
      const known = this.#users.get(userId);
      this.#users.set(userId, {
        atMs: Math.max(atMs, known?.atMs ?? 0),
        untilMs: Math.max(untilMs, known?.untilMs ?? 0),
      });
    } else {
      const { tokenId, untilMs } = revocation;
      this.#tokens.set(tokenId, Math.max(untilMs, this.#tokens.get(tokenId) ?? 0));
    }
    return null;
  }

  /** A token that does not say when it was issued may be older than the revocation of its user, and counts as such. */
  isRevoked({ userId, token }: Identity): boolean {
    if (token === null) return false;
    if (token.id !== null && this.#tokens.has(token.id)) return true;
    const entry = userId === null ? undefined : this.#users.get(userId);
    return entry !== undefined && (token.issuedAtMs ?? 0) <= entry.atMs;
  }

  /** All that are in force. */
  *all(): Generator<Revocation> {
    const now = this.#clock.now();
    for (const [userId, { atMs, untilMs }] of this.#users) {
      if (untilMs > now) yield { kind: "user", userId, atMs, untilMs };
    }
    for (const [tokenId, untilMs] of this.#tokens) {
      if (untilMs > now) yield { kind: "token", tokenId, untilMs };
    }
  }

  #has(revocation: Revocation): boolean {
    return revocation.kind === "user"
      ? this.#users.has(revocation.userId)
      : this.#tokens.has(revocation.tokenId);
  }

  /** Forgets what is over; the next time when there are twice as many. */
  #sweep(): void {
    const now = this.#clock.now();
    for (const [userId, { untilMs }] of this.#users) {
      if (untilMs <= now) this.#users.delete(userId);
    }
    for (const [tokenId, untilMs] of this.#tokens) {
      if (untilMs <= now) this.#tokens.delete(tokenId);
    }
    this.#sweepAt = Math.min(entriesMax, Math.max(sweepAtLeast, 2 * this.size));
  }
}
