import type { Witness } from "./history-judge.ts";
import type { LogEntry, Position, ServerFrame, Stretch, Violation, ViolationKind } from "./log.ts";
import type { PublicationLedger } from "./publication-ledger.ts";

interface TopicStart {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
  readonly recovered?: boolean;
}

/** What one subscriber knows of one topic. */
interface TopicView {
  current: Stretch | null;
  /** The position reached; outlives the connection, as that is where a client resumes. */
  reached: Position | null;
  asked: Position | null;
  /** Until the first live publication of a stream that began without `since`. */
  atFreshStart: boolean;
  readonly seenByEpoch: Map<string, Set<number>>;
  readonly epochsEntered: Set<string>;
}

/** Follows the log of one subscriber and judges it by itself: continuity, duplicates, honest recoveries. */
export class SubscriberJudge implements Witness {
  readonly stretches: Stretch[] = [];
  readonly violations: Violation[] = [];
  breaks = 0;
  readonly #subscriber: string;
  readonly #ledger: PublicationLedger;
  readonly #recentTopics: ReadonlySet<string>;
  readonly #views = new Map<string, TopicView>();

  constructor(subscriber: string, ledger: PublicationLedger, recentTopics: ReadonlySet<string>) {
    this.#subscriber = subscriber;
    this.#ledger = ledger;
    this.#recentTopics = recentTopics;
  }

  take(entry: LogEntry): void {
    if (entry.kind === "disconnected") {
      for (const view of this.#views.values()) endStretch(view);
    } else if (entry.kind === "resume") {
      this.#viewOf(entry.topic).asked = entry.since;
    } else {
      this.#takeFrame(entry.frame);
    }
  }

  reached(topic: string): Position | null {
    return this.#views.get(topic)?.reached ?? null;
  }

  #takeFrame(frame: ServerFrame): void {
    if (isPublication(frame)) this.#takePublication(frame);
    else if (frame.type === "unsubscribed") endStretch(this.#viewOf(String(frame.topic)));
    else if (frame.type === "welcome" || frame.type === "subscribed") {
      for (const start of startsIn(frame)) this.#takeStart(start);
    }
  }

  #takeStart(start: TopicStart): void {
    const view = this.#viewOf(start.topic);
    const since = view.asked ?? view.reached;
    view.asked = null;
    view.atFreshStart = start.recovered === undefined;
    if (start.recovered === true && this.#isHonestRecovery(start, since)) {
      this.#resumeStretch(view, start, since);
      return;
    }
    if (start.recovered === false) this.breaks += 1;
    if (view.reached?.epoch !== start.epoch && view.epochsEntered.has(start.epoch)) {
      this.#report("revived_epoch", start.topic, `begins at ${show(start)} after ${show(view.reached)}`);
    }
    if (start.recovered !== true && isBelow(start, view.reached)) {
      this.#report("backwards", start.topic, `begins at ${show(start)} after ${show(view.reached)}`);
    }
    this.#beginStretch(view, start.topic, { epoch: start.epoch, offset: start.offset });
  }

  #isHonestRecovery(start: TopicStart, since: Position | null): since is Position {
    if (since === null) {
      this.#report("unfounded_recovery", start.topic, `recovered to ${show(start)} from nowhere`);
      return false;
    }
    if (since.epoch === start.epoch && since.offset <= start.offset) return true;
    this.#report("false_recovery", start.topic, `recovered to ${show(start)} from ${show(since)}`);
    return false;
  }

  /** A stretch goes on across connections when it is resumed exactly where it stopped. */
  #resumeStretch(view: TopicView, start: TopicStart, since: Position): void {
    const previous = view.current;
    if (previous !== null && previous.epoch === since.epoch && previous.last === since.offset) {
      previous.open = true;
    } else {
      this.#beginStretch(view, start.topic, since);
    }
    this.#ledger.noteTop(start.topic, start.epoch, start.offset);
  }

  #beginStretch(view: TopicView, topic: string, from: Position): void {
    endStretch(view);
    view.reached = from;
    view.epochsEntered.add(from.epoch);
    view.current = {
      subscriber: this.#subscriber,
      topic,
      epoch: from.epoch,
      from: from.offset,
      last: from.offset,
      open: true,
      seen: new Set(),
    };
    this.stretches.push(view.current);
  }

  #takePublication(frame: ServerFrame & { topic: string; offset: number }): void {
    const { topic, offset } = frame;
    const view = this.#viewOf(topic);
    const stretch = view.current;
    if (stretch === null || !stretch.open) {
      this.#report("stray", topic, `offset ${offset} without a subscription`);
      return;
    }
    // After a bare welcome come the recent notifications, which a client is shown whatever it has seen.
    if (view.atFreshStart && offset <= stretch.from && this.#recentTopics.has(topic)) return;
    view.atFreshStart = false;
    this.#judgePlace(stretch, seenIn(view, stretch.epoch), offset);
    stretch.seen.add(offset);
    stretch.last = Math.max(stretch.last, offset);
    view.reached = { epoch: stretch.epoch, offset: stretch.last };
    this.#ledger.record(this.#subscriber, stretch.epoch, frame);
  }

  #judgePlace(stretch: Stretch, seen: Set<number>, offset: number): void {
    const expected = stretch.last + 1;
    if (offset > expected) {
      this.#report("gap", stretch.topic, `offset ${offset} where ${expected} was due`);
    } else if (offset < expected) {
      const kind = seen.has(offset) ? "duplicate" : "disorder";
      this.#report(kind, stretch.topic, `offset ${offset} where ${expected} was due`);
    }
    seen.add(offset);
  }

  #viewOf(topic: string): TopicView {
    let view = this.#views.get(topic);
    if (view === undefined) {
      view = {
        current: null,
        reached: null,
        asked: null,
        atFreshStart: false,
        seenByEpoch: new Map(),
        epochsEntered: new Set(),
      };
      this.#views.set(topic, view);
    }
    return view;
  }

  #report(kind: ViolationKind, topic: string, detail: string): void {
    this.violations.push({ kind, who: this.#subscriber, topic, detail });
  }
}

function endStretch(view: TopicView): void {
  if (view.current !== null) view.current.open = false;
}

function seenIn(view: TopicView, epoch: string): Set<number> {
  let seen = view.seenByEpoch.get(epoch);
  if (seen === undefined) {
    seen = new Set();
    view.seenByEpoch.set(epoch, seen);
  }
  return seen;
}

/** Only publications with a position are judged: `store: false` and local ones promise nothing. */
function isPublication(frame: ServerFrame): frame is ServerFrame & { topic: string; offset: number } {
  return typeof frame.topic === "string" && typeof frame.ts === "number" && typeof frame.offset === "number";
}

/** One topic of a `subscribed`, or the list of a `welcome` or of the first SSE event. */
function startsIn(frame: ServerFrame): TopicStart[] {
  const candidates: unknown[] = Array.isArray(frame.topics) ? frame.topics : [frame];
  return candidates.filter(isTopicStart);
}

/** A topic that the broker has not answered for yet stands in `welcome` without a position. */
function isTopicStart(candidate: unknown): candidate is TopicStart {
  const { topic, epoch, offset } = candidate as Partial<TopicStart>;
  return typeof topic === "string" && typeof epoch === "string" && typeof offset === "number";
}

function isBelow(start: TopicStart, reached: Position | null): boolean {
  return reached !== null && reached.epoch === start.epoch && start.offset < reached.offset;
}

function show(position: Position | null): string {
  return position === null ? "nothing" : `${position.epoch}:${position.offset}`;
}
