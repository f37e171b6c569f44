import { Emitter } from "./emitter.ts";
import type { FanfareError } from "./errors.ts";
import type { Position, Publication, TopicPosition } from "./types.ts";

/** Publications of the topic between the two positions may be missing. */
export interface Break {
  readonly topic: string;
  /** The last position known. */
  readonly from: Position;
  /** Where the stream goes on: the next publication is the one after it. */
  readonly to: Position;
}

export interface Unsubscribed {
  readonly topic: string;
  /** Why the server ended it; null when the application did. */
  readonly code: string | null;
}

export interface SubscriptionEvents {
  publication: Publication;
  /** The server has answered; again after every reconnect. */
  subscribed: TopicPosition;
  break: Break;
  unsubscribed: Unsubscribed;
  /** A refusal; if it is `retryable` the SDK goes on trying, otherwise `unsubscribed` follows. */
  error: FanfareError;
}

/**
 * `subscribing`: not yet answered, or between two connections; `unsubscribed`: ended for good, a new call of
 * `subscribe` makes a new one.
 */
export type SubscriptionState = "subscribing" | "subscribed" | "unsubscribed";

/** One topic being read, across connections, until `unsubscribe`. */
export interface Subscription {
  readonly topic: string;
  /** Of the last publication delivered, or where the stream started; null before the first answer. */
  readonly position: Position | null;
  readonly state: SubscriptionState;
  /** Returns the function that removes the handler again. */
  on<Name extends keyof SubscriptionEvents>(
    name: Name,
    handler: (payload: SubscriptionEvents[Name]) => void,
  ): () => void;
  unsubscribe(): void;
}

/** The subscription with the side that the connection sees. */
export class TopicSubscription implements Subscription {
  readonly topic: string;
  readonly #emitter: Emitter<SubscriptionEvents>;
  readonly #leave: (subscription: TopicSubscription) => void;
  #position: Position | null;
  #state: SubscriptionState = "subscribing";

  constructor(
    topic: string,
    since: Position | null,
    leave: (subscription: TopicSubscription) => void,
    onHandlerError: (error: unknown) => void,
  ) {
    this.topic = topic;
    this.#position = since;
    this.#leave = leave;
    this.#emitter = new Emitter(onHandlerError);
  }

  get position(): Position | null {
    return this.#position;
  }

  get state(): SubscriptionState {
    return this.#state;
  }

  on<Name extends keyof SubscriptionEvents>(
    name: Name,
    handler: (payload: SubscriptionEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, handler);
  }

  unsubscribe(): void {
    if (this.#state === "unsubscribed") return;
    this.#leave(this);
    this.ended(null);
  }

  /** The server says where the stream starts: after our position when it resumes, after `answer` when not. */
  answered(answer: TopicPosition): void {
    const from = this.#position;
    const to: Position = { epoch: answer.epoch, offset: answer.offset };
    const resumes =
      from !== null && from.epoch === to.epoch && (answer.recovered === true || from.offset === to.offset);
    if (!resumes) this.#position = to;
    this.#state = "subscribed";
    this.#emitter.emit("subscribed", answer);
    if (!resumes && from !== null) this.#emitter.emit("break", { topic: this.topic, from, to });
  }

  /** Whether it was delivered: duplicates are not. */
  receive(publication: Publication): boolean {
    if (this.#state === "unsubscribed") return false;
    if (publication.offset !== undefined && !this.#advance(publication.offset)) return false;
    this.#emitter.emit("publication", publication);
    return true;
  }

  /** The connection is gone: until the next answer nothing that comes has a known place. */
  interrupted(): void {
    if (this.#state === "subscribed") this.#state = "subscribing";
  }

  refused(error: FanfareError): void {
    this.#emitter.emit("error", error);
  }

  ended(code: string | null): void {
    this.#state = "unsubscribed";
    this.#emitter.emit("unsubscribed", { topic: this.topic, code });
  }

  #advance(offset: number): boolean {
    const from = this.#position;
    // What comes before the answer comes again after it, or lies within the break that the answer reports.
    if (this.#state !== "subscribed" || from === null || offset <= from.offset) return false;
    this.#position = { epoch: from.epoch, offset };
    if (offset > from.offset + 1) {
      const to = { epoch: from.epoch, offset: offset - 1 };
      this.#emitter.emit("break", { topic: this.topic, from, to });
    }
    // A handler of the break may have unsubscribed.
    return this.state === "subscribed";
  }
}
