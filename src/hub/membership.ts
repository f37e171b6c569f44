import type { Scheduler, Timer } from "../core/ports.ts";

/** The native topic of those who read another one and are told of its members. */
export const nativeOfMembers = (native: string) => `members/${native}`;

/**
 * Coming and going, told with a delay so that a page reload or a reconnect storm is no event at all: what
 * happened to a user within the window is netted, and only a real change is told.
 */
export class MembershipEvents {
  readonly #scheduler: Scheduler;
  readonly #windowMs: number;
  readonly #tell: (topic: string, userId: string, present: boolean) => void;
  /** By topic and user: whether the user was present before the window. */
  readonly #before = new Map<string, Map<string, boolean>>();
  readonly #after = new Map<string, Map<string, boolean>>();
  #timer: Timer | null = null;

  constructor(
    scheduler: Scheduler,
    windowMs: number,
    tell: (topic: string, userId: string, present: boolean) => void,
  ) {
    this.#scheduler = scheduler;
    this.#windowMs = windowMs;
    this.#tell = tell;
  }

  changed(topic: string, userId: string, present: boolean): void {
    const before = mapIn(this.#before, topic);
    if (!before.has(userId)) before.set(userId, !present);
    mapIn(this.#after, topic).set(userId, present);
    this.#timer ??= this.#scheduler.after(this.#windowMs, () => this.#flush());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #flush(): void {
    this.#timer = null;
    for (const [topic, after] of this.#after) {
      const before = this.#before.get(topic);
      for (const [userId, present] of after) {
        if (before?.get(userId) !== present) this.#tell(topic, userId, present);
      }
    }
    this.#before.clear();
    this.#after.clear();
  }
}

function mapIn(maps: Map<string, Map<string, boolean>>, topic: string): Map<string, boolean> {
  let map = maps.get(topic);
  if (map === undefined) {
    map = new Map();
    maps.set(topic, map);
  }
  return map;
}
