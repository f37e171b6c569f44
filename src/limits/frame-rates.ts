import type { Clock } from "../core/ports.ts";
import { BucketTable } from "./bucket-table.ts";
import type { Rate } from "./rate.ts";
import { TokenBucket } from "./token-bucket.ts";

/** How fast clients may send; null: no such bound. */
export interface FrameRateLimits {
  readonly frames: Rate | null;
  readonly bytes: Rate | null;
  /** Of all connections of one user together. */
  readonly userFrames: Rate | null;
  readonly userBytes: Rate | null;
}

/** Holds one connection to its rates. */
export interface FrameThrottle {
  /** Whether one more frame of so many bytes is within them. One that is not costs nothing. */
  takes(bytes: number): boolean;
}

/** Users whose rate is remembered at once. */
const usersMax = 65_536;

/** How fast the clients of this process may send: one by one, and all connections of a user together. */
export class FrameRates {
  readonly #limits: FrameRateLimits;
  readonly #clock: Clock;
  readonly #userFrames: BucketTable | null;
  readonly #userBytes: BucketTable | null;

  constructor(limits: FrameRateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#userFrames = tableOf(limits.userFrames);
    this.#userBytes = tableOf(limits.userBytes);
  }

  /** A new connection's throttle; null: nothing bounds it. */
  throttle(userId: string | null): FrameThrottle | null {
    const { frames, bytes } = this.#limits;
    const now = this.#clock.now();
    const ofUser = userId !== null && (this.#userFrames !== null || this.#userBytes !== null);
    if (frames === null && bytes === null && !ofUser) return null;
    return new Throttle(
      {
        clock: this.#clock,
        frames: frames === null ? null : new TokenBucket(frames, now),
        bytes: bytes === null ? null : new TokenBucket(bytes, now),
        userFrames: this.#userFrames,
        userBytes: this.#userBytes,
      },
      userId,
    );
  }
}

interface Buckets {
  readonly clock: Clock;
  readonly frames: TokenBucket | null;
  readonly bytes: TokenBucket | null;
  readonly userFrames: BucketTable | null;
  readonly userBytes: BucketTable | null;
}

class Throttle implements FrameThrottle {
  readonly #buckets: Buckets;
  readonly #userId: string | null;

  constructor(buckets: Buckets, userId: string | null) {
    this.#buckets = buckets;
    this.#userId = userId;
  }

  takes(bytes: number): boolean {
    const { clock, frames, userFrames, userBytes, bytes: ownBytes } = this.#buckets;
    const now = clock.now();
    const user = this.#userId;
    const framesOfUser = user === null ? null : (userFrames?.of(user, now) ?? null);
    const bytesOfUser = user === null ? null : (userBytes?.of(user, now) ?? null);
    if (
      !mayTake(frames, 1, now) ||
      !mayTake(framesOfUser, 1, now) ||
      !mayTake(ownBytes, bytes, now) ||
      !mayTake(bytesOfUser, bytes, now)
    ) {
      return false;
    }
    frames?.take(1, now);
    framesOfUser?.take(1, now);
    ownBytes?.take(bytes, now);
    bytesOfUser?.take(bytes, now);
    return true;
  }
}

function mayTake(bucket: TokenBucket | null, amount: number, now: number): boolean {
  return bucket === null || bucket.has(amount, now);
}

function tableOf(rate: Rate | null): BucketTable | null {
  return rate === null ? null : new BucketTable(rate, usersMax);
}
