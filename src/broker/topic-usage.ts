import type { TopicLog } from "../hub/topic-log.ts";
import { UsageOrder } from "./usage-order.ts";

/**
 * Which topics were used least recently, and may be given up first. Topics whose publications are kept come
 * last: in another epoch, they could not be shown with their offsets.
 */
export class TopicUsage {
  readonly #isKept: (topic: string) => boolean;
  /** Those that nobody follows may be forgotten, the others only started anew. */
  readonly #idle = new UsageOrder<TopicLog>();
  readonly #followed = new UsageOrder<TopicLog>();

  constructor(isKept: (topic: string) => boolean) {
    this.#isKept = isKept;
  }

  add(log: TopicLog, now: number): void {
    log.usedAt = now;
    this.#orderOf(log).add(log);
  }

  remove(log: TopicLog): void {
    this.#orderOf(log).remove(log);
  }

  /** It was published to or read. */
  use(log: TopicLog, now: number): void {
    log.usedAt = now;
    this.#orderOf(log).use(log);
  }

  setFollowed(log: TopicLog, followed: boolean, now: number): void {
    this.remove(log);
    log.followed = followed;
    this.add(log, now);
  }

  /** Of those that nobody follows, the one to forget first; null: there is none. */
  get idlest(): TopicLog | null {
    const { first } = this.#idle;
    let log = first;
    while (log !== null && this.#isKept(log.topic)) log = log.later;
    return log ?? first;
  }

  /** The topics to end so that so many bytes are freed; fewer where all of them are not enough. */
  victims(spared: TopicLog, bytes: number): TopicLog[] {
    const victims: TopicLog[] = [];
    let freed = 0;
    for (const log of this.#leastRecentlyUsed()) {
      if (freed >= bytes) break;
      if (log === spared || (log.followed && log.isEmpty)) continue;
      freed += log.followed ? log.contentBytes : log.bytes;
      victims.push(log);
    }
    return victims;
  }

  *#leastRecentlyUsed(): Generator<TopicLog> {
    const kept: TopicLog[] = [];
    let idle = this.#idle.first;
    let followed = this.#followed.first;
    while (idle !== null || followed !== null) {
      const isIdle = followed === null || (idle !== null && idle.usedAt <= followed.usedAt);
      const log = (isIdle ? idle : followed)!;
      if (isIdle) idle = log.later;
      else followed = log.later;
      if (this.#isKept(log.topic)) kept.push(log);
      else yield log;
    }
    yield* kept;
  }

  #orderOf(log: TopicLog): UsageOrder<TopicLog> {
    return log.followed ? this.#followed : this.#idle;
  }
}
