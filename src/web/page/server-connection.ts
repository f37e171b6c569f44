import {
  type Break,
  type ConnectionState,
  FanfareClient,
  type HistoryPage,
  type Position,
  type Presence,
  type Publication,
  type PublishOptions,
  type PublishResult,
  type Subscription,
} from "../../client/index.ts";
import { type Failure, failure, failureOf } from "./errors.ts";
import type { Identity } from "./identity.ts";

/** What a part of the page that reads a topic is told. */
export interface TopicReader {
  /** `epoch` is null for a publication without a position. */
  publication(publication: Publication, epoch: string | null): void;
  /** The server has answered; again after every reconnect. */
  subscribed?(position: Position): void;
  broken?(gap: Break): void;
  /** The server will not have it: the topic is not read any more. */
  refused?(failure: Failure): void;
}

export interface ConnectionObserver {
  state?(state: ConnectionState): void;
  /** The server says that it is going away. */
  leaving?(message: string | undefined): void;
  /** The connection has ended for good. */
  failed?(failure: Failure): void;
  membership?(membership: { readonly type: "join" | "leave"; readonly user_id: string }): void;
}

interface Topic {
  readonly readers: Set<TopicReader>;
  /** Where the last client stopped. */
  since: Position | null;
  subscription: Subscription | null;
}

/**
 * The page's one connection. What is read, and how far, outlives the client beneath it, which is made anew when
 * the identity changes: a tab that disconnects and connects again, even under another name, misses nothing.
 */
export class ServerConnection {
  readonly #topics = new Map<string, Topic>();
  readonly #observers: ConnectionObserver[] = [];
  #client: FanfareClient | null = null;
  #identity = "";

  get state(): ConnectionState {
    return this.#client?.state ?? "idle";
  }

  observe(observer: ConnectionObserver): void {
    this.#observers.push(observer);
  }

  connect(identity: Identity): void {
    const identityText = JSON.stringify(identity);
    if (this.#client === null || identityText !== this.#identity) {
      this.#identity = identityText;
      this.#replaceClient(identity);
    }
    // Why it failed is told as an event, also when it fails later.
    this.#client?.connect().catch(() => {});
  }

  disconnect(): void {
    this.#client?.close();
  }

  /** Reads a topic until the returned function is called. */
  read(name: string, reader: TopicReader): () => void {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { readers: new Set(), since: null, subscription: null };
      this.#topics.set(name, topic);
      if (this.#client !== null) this.#subscribe(this.#client, name, topic);
    }
    const { readers } = topic;
    readers.add(reader);
    return () => {
      readers.delete(reader);
      if (readers.size > 0 || this.#topics.get(name)?.readers !== readers) return;
      this.#topics.get(name)?.subscription?.unsubscribe();
      this.#topics.delete(name);
    };
  }

  /** Where the reading of a topic stands; null before the server's first answer. */
  positionOf(name: string): Position | null {
    return this.#topics.get(name)?.subscription?.position ?? null;
  }

  /** Rejects with a FanfareError, as do the next two. */
  async publish(topic: string, publication: PublishOptions): Promise<PublishResult> {
    return this.#connected().publish(topic, publication);
  }

  async history(topic: string, limit: number): Promise<HistoryPage> {
    return this.#connected().history(topic, { limit });
  }

  async presence(topic: string): Promise<Presence> {
    return this.#connected().presence(topic);
  }

  #connected(): FanfareClient {
    if (this.#client === null) {
      throw Object.assign(new Error("There is no connection to the server."), { code: "closed" });
    }
    return this.#client;
  }

  #replaceClient(identity: Identity): void {
    const former = this.#client;
    // Let go of first: what it still says while it closes is not this connection's any more.
    this.#client = null;
    former?.close();
    const { name, ...rest } = identity;
    const client = new FanfareClient({ ...rest, ...(name === "" ? {} : { name }) });
    this.#client = client;
    const whileOurs = (act: () => void) => {
      if (this.#client === client) act();
    };
    client.on("state", (state) => whileOurs(() => this.#tell((observer) => observer.state?.(state))));
    client.on("notice", ({ message }) =>
      whileOurs(() => this.#tell((observer) => observer.leaving?.(message))),
    );
    client.on("error", (error) =>
      whileOurs(() => {
        if (client.state === "closed") this.#tell((observer) => observer.failed?.(failureOf(error)));
      }),
    );
    client.on("join", (membership) =>
      whileOurs(() => this.#tell((observer) => observer.membership?.(membership))),
    );
    client.on("leave", (membership) =>
      whileOurs(() => this.#tell((observer) => observer.membership?.(membership))),
    );
    for (const [topicName, topic] of this.#topics) this.#subscribe(client, topicName, topic);
  }

  #subscribe(client: FanfareClient, name: string, topic: Topic): void {
    topic.since = topic.subscription?.position ?? topic.since;
    const subscription = client.subscribe(name, topic.since === null ? {} : { since: topic.since });
    topic.subscription = subscription;
    const tell = (act: (reader: TopicReader) => void) => {
      if (topic.subscription !== subscription) return;
      for (const reader of topic.readers) act(reader);
    };
    subscription.on("publication", (publication) => {
      const epoch = publication.offset === undefined ? null : (subscription.position?.epoch ?? null);
      tell((reader) => reader.publication(publication, epoch));
    });
    subscription.on("subscribed", (position) => tell((reader) => reader.subscribed?.(position)));
    subscription.on("break", (gap) => tell((reader) => reader.broken?.(gap)));
    let reason: Failure | null = null;
    subscription.on("error", (error) => {
      reason = failureOf(error);
    });
    subscription.on("unsubscribed", ({ code }) => {
      // Without a code it was the page that ended it.
      if (code === null) return;
      const told = reason?.code === code ? reason : failure(code, "The server has ended the subscription.");
      tell((reader) => reader.refused?.(told));
    });
  }

  #tell(act: (observer: ConnectionObserver) => void): void {
    for (const observer of this.#observers) act(observer);
  }
}
