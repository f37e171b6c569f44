import { StandingLag } from "./standing-lag.ts";

/** What is done about load, the mildest first; each does what those before it do. */
export const loadLevels = [
  "normal",
  "refusing_connections",
  "refusing_publications",
  "closing_connections",
] as const;
export type LoadLevel = (typeof loadLevels)[number];

/** What brought a level about. */
export type LoadCause = "event_loop_lag" | "memory";

/** From where on load is shed; 0: this one is not looked at. */
export interface LoadBounds {
  readonly lagMs: number;
  readonly memoryBytes: number;
}

export interface LoadSample {
  /** How late a timer came. */
  readonly lagMs: number;
  /** Resident memory of the process. */
  readonly memoryBytes: number;
  readonly nowMs: number;
}

const highest = loadLevels.length - 1;

/** Where the levels begin, as multiples of the bound. Memory has no room for more: the bound is near its end. */
const lagSteps = [1, 2, 4];
const memorySteps = [1, 1.06, 1.12];
/** Below this share of the bound a level ends: going to and fro at the edge would help nobody. */
const lagRelease = 0.5;
const memoryRelease = 0.95;
const memoryHoldMs = 5000;
/** Load that goes on for so long although a level is in force takes the next one. */
const patienceMs = 10_000;
/** A full collection stops everything for a moment: at most this often. */
const collectEveryMs = 60_000;

/**
 * Decides how much load is shed. Lag counts where it stands, so that a pause for garbage collection or one long
 * turn brings nothing about; memory counts once garbage was collected. One level at a time up and down for lag;
 * for memory at once up, since there is an end to it, and slowly down. What a level does not relieve in ten
 * seconds takes the next one.
 */
export class LoadShedding {
  readonly #bounds: LoadBounds;
  readonly #collect: () => void;
  readonly #standingLag = new StandingLag();
  #lagLevel = 0;
  #lagChangedAtMs = Number.NEGATIVE_INFINITY;
  #memoryLevel = 0;
  #memoryChangedAtMs = Number.NEGATIVE_INFINITY;
  #collectedAtMs = Number.NEGATIVE_INFINITY;

  /** `collect` frees the memory that nothing holds any more. */
  constructor(bounds: LoadBounds, collect: () => void) {
    this.#bounds = bounds;
    this.#collect = collect;
  }

  get level(): LoadLevel {
    return loadLevels[Math.max(this.#lagLevel, this.#memoryLevel)]!;
  }

  /** Null at the normal level. */
  get cause(): LoadCause | null {
    if (this.#lagLevel === 0 && this.#memoryLevel === 0) return null;
    return this.#memoryLevel >= this.#lagLevel ? "memory" : "event_loop_lag";
  }

  /** Takes what was measured; true when the level is another one now. */
  observe(sample: LoadSample): boolean {
    const before = this.level;
    if (this.#bounds.lagMs > 0) this.#observeLag(sample);
    if (this.#bounds.memoryBytes > 0) this.#observeMemory(sample);
    return this.level !== before;
  }

  #observeLag({ lagMs, nowMs }: LoadSample): void {
    const standing = this.#standingLag.observe(lagMs, nowMs);
    if (standing === null) return;
    const share = standing / this.#bounds.lagMs;
    const isLasting = share >= 1 && nowMs - this.#lagChangedAtMs >= patienceMs;
    if (this.#lagLevel < levelAt(share, lagSteps) || (isLasting && this.#lagLevel < highest)) {
      this.#lagLevel++;
      this.#lagChangedAtMs = nowMs;
    } else if (share < lagRelease && this.#lagLevel > 0) {
      this.#lagLevel--;
      this.#lagChangedAtMs = nowMs;
    }
  }

  #observeMemory({ memoryBytes, nowMs }: LoadSample): void {
    const share = memoryBytes / this.#bounds.memoryBytes;
    const reached = levelAt(share, memorySteps);
    const sinceMs = nowMs - this.#memoryChangedAtMs;
    if (reached > this.#memoryLevel) {
      // Much of it may be garbage: the next sample tells.
      if (this.#collects(nowMs)) return;
      this.#memoryLevel = reached;
      this.#memoryChangedAtMs = nowMs;
    } else if (share >= 1 && sinceMs >= patienceMs && this.#memoryLevel < highest) {
      this.#memoryLevel++;
      this.#memoryChangedAtMs = nowMs;
    } else if (this.#memoryLevel > 0) {
      if (share >= memoryRelease) this.#collects(nowMs);
      else if (sinceMs >= memoryHoldMs) {
        this.#memoryLevel--;
        this.#memoryChangedAtMs = nowMs;
      }
    }
  }

  /** Collects garbage, unless that was done a short time ago. */
  #collects(nowMs: number): boolean {
    if (nowMs - this.#collectedAtMs < collectEveryMs) return false;
    this.#collectedAtMs = nowMs;
    this.#collect();
    return true;
  }
}

function levelAt(share: number, steps: readonly number[]): number {
  return steps.filter((step) => share >= step).length;
}
