import { Backoff } from "./backoff.ts";
import { Timer } from "./clock.ts";
import { FanfareError } from "./errors.ts";
import type { ErrorFrame, SubscribedFrame, UnsubscribedFrame } from "./frames.ts";
import type { Settings } from "./options.ts";
import { TopicSubscription } from "./subscription.ts";
import type { TopicRequest, Transport } from "./transport.ts";
import type { Position, Publication, TopicPosition, Welcome } from "./types.ts";

/** Topics asked for and not yet answered; well below the commands that the server takes at once. */
const ASKED_MAX = 100;

interface Entry {
  readonly subscription: TopicSubscription;
  /** Ends the wait for the answer, or for the next try. */
  readonly timer: Timer;
  readonly backoff: Backoff;
  /** `parked`: the connection in use has no room for it; the next one may. */
  phase: "waiting" | "asked" | "resting" | "parked" | "answered";
}

export interface SubscriptionSetEvents {
  /** A publication that its subscription has taken. */
  publication(publication: Publication): void;
  error(error: FanfareError): void;
  /** One of the application's handlers threw. */
  handlerError(error: unknown): void;
}

/** All subscriptions of a client: asks for them on every new connection, and leads to each what is meant for it. */
export class SubscriptionSet {
  readonly #settings: Settings;
  readonly #events: SubscriptionSetEvents;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Set<Entry>();
  #askedCount = 0;
  #pumpScheduled = false;
  #transport: Transport | null = null;

  constructor(settings: Settings, events: SubscriptionSetEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  /** The subscription of the topic; made, and asked for, unless it is there. */
  subscribe(topic: string, since: Position | null): TopicSubscription {
    return (this.#entries.get(topic) ?? this.#add(topic, since)).subscription;
  }

  /** Every topic with the position it has reached, the oldest subscription first. */
  requests(): readonly TopicRequest[] {
    return Array.from(this.#entries.values(), requestOf);
  }

  /** A connection is there. What its welcome does not answer is asked for. */
  attach(transport: Transport, welcome: Welcome): void {
    this.#transport = transport;
    for (const topic of welcome.topics) this.#startedByServer(topic);
    this.#pump();
  }

  /** The connection is gone. */
  detach(): void {
    this.#transport = null;
    for (const entry of this.#entries.values()) {
      entry.subscription.interrupted();
      this.#setPhase(entry, "waiting");
    }
  }

  /** Asks now for what was subscribed so far, so that what is sent next comes after it. */
  flush(): void {
    this.#pump();
  }

  receive(publication: Publication): void {
    const subscription = this.#entries.get(publication.topic)?.subscription;
    if (subscription?.receive(publication)) this.#events.publication(publication);
  }

  subscribed(frame: SubscribedFrame): void {
    const { type: _, id, ...position } = frame;
    const entry = this.#entries.get(frame.topic);
    if (id !== undefined) {
      if (entry !== undefined) this.#settle(entry, position);
    } else if (entry?.phase !== "asked") {
      // While an answer is on its way, it will say the same of the position that was asked for.
      if (frame.recovered === undefined) this.#startedByServer(position);
      else if (entry !== undefined) this.#settle(entry, position);
    }
    this.#pump();
  }

  unsubscribed(frame: UnsubscribedFrame): void {
    const entry = this.#entries.get(frame.topic);
    if (entry === undefined) return;
    this.#remove(entry);
    entry.subscription.ended(frame.code ?? null);
  }

  refused(frame: ErrorFrame & { readonly topic: string }): void {
    const entry = this.#entries.get(frame.topic);
    if (entry === undefined) return;
    const error = new FanfareError(frame.code, frame.message ?? frame.code);
    const isFinal = error.code !== "too_many_topics" && !error.retryable;
    if (isFinal) {
      this.#remove(entry);
    } else if (error.code === "too_many_topics") {
      this.#setPhase(entry, "parked");
    } else {
      this.#setPhase(entry, "resting");
      entry.timer.start(entry.backoff.nextMs());
    }
    entry.subscription.refused(error);
    this.#events.error(error);
    if (isFinal) entry.subscription.ended(frame.code);
    this.#pump();
  }

  /** The server subscribed the topic by itself: by the connection's user id, or through its REST interface. */
  #startedByServer(position: TopicPosition): void {
    const entry = this.#entries.get(position.topic) ?? this.#add(position.topic, null);
    const reached = entry.subscription.position;
    const isGapless =
      reached === null || (reached.epoch === position.epoch && reached.offset === position.offset);
    // Otherwise it has to be asked for, from the position reached.
    if (isGapless || position.recovered !== undefined) this.#settle(entry, position);
  }

  #settle(entry: Entry, position: TopicPosition): void {
    entry.backoff.reset();
    this.#setPhase(entry, "answered");
    entry.subscription.answered(position);
  }

  #add(topic: string, since: Position | null): Entry {
    const { clock, minDelayMs, maxDelayMs, random } = this.#settings;
    const leave = () => {
      this.#remove(entry);
      this.#transport?.unsubscribe(topic);
    };
    const entry: Entry = {
      subscription: new TopicSubscription(topic, since, leave, this.#events.handlerError),
      timer: new Timer(clock, () => {
        this.#setPhase(entry, "waiting");
        this.#pump();
      }),
      backoff: new Backoff(minDelayMs, maxDelayMs, random),
      phase: "waiting",
    };
    this.#entries.set(topic, entry);
    this.#waiting.add(entry);
    this.#schedulePump();
    return entry;
  }

  #remove(entry: Entry): void {
    this.#setPhase(entry, "answered");
    this.#entries.delete(entry.subscription.topic);
  }

  #setPhase(entry: Entry, phase: Entry["phase"]): void {
    if (entry.phase === "asked") this.#askedCount -= 1;
    if (phase === "asked") this.#askedCount += 1;
    if (phase === "waiting") this.#waiting.add(entry);
    else this.#waiting.delete(entry);
    entry.phase = phase;
    entry.timer.stop();
  }

  /** Calls of `subscribe` in one go become one frame. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    // Waiting for half of the room to be free keeps the frames few.
    if (this.#transport === null || this.#waiting.size === 0 || this.#askedCount > ASKED_MAX / 2) return;
    const asked: TopicRequest[] = [];
    for (const entry of this.#waiting) {
      if (this.#askedCount >= ASKED_MAX) break;
      this.#setPhase(entry, "asked");
      entry.timer.start(this.#settings.requestTimeoutMs);
      asked.push(requestOf(entry));
    }
    this.#transport.subscribe(asked);
  }
}

function requestOf({ subscription }: Entry): TopicRequest {
  return { topic: subscription.topic, since: subscription.position };
}
