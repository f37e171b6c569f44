import type { MemoryBroker } from "../../../../src/broker/memory.ts";
import type { PublishResult } from "../../../../src/broker/port.ts";
import { Failure } from "../../../../src/core/failure.ts";
import type { Position } from "../../../../src/core/position.ts";
import type { PublishRequest } from "../../../../src/core/publication.ts";
import { type Answered, ClientModel } from "./client-model.ts";
import { type Connect, createHub, type HubUnderTest, mebibyte } from "./hub-harness.ts";
import { FakeSocket } from "./native-topics.ts";
import { type ModelBounds, TopicModel } from "./topic-model.ts";

export const topics = ["a", "b"] as const;
export const clientNames = ["alice", "bob", "carol"] as const;
export const keys = ["k1", "k2"] as const;

/** Where a subscription begins. */
export type Since =
  | { readonly from: "live" }
  /** Where the client was last. */
  | { readonly from: "last" }
  /** Relative to the newest publication, which the fan-out may have yet to reach. */
  | { readonly from: "top"; readonly distance: number }
  /** A place in an epoch that is not this one. */
  | { readonly from: "elsewhere" };

export type Step =
  | {
      readonly kind: "publish";
      readonly topic: string;
      readonly bytes: number;
      readonly count: number;
      readonly stored: boolean;
      readonly key: string | null;
    }
  | { readonly kind: "subscribe"; readonly client: string; readonly topic: string; readonly since: Since }
  | { readonly kind: "unsubscribe"; readonly client: string; readonly topic: string }
  | { readonly kind: "disconnect"; readonly client: string }
  | { readonly kind: "reconnect"; readonly client: string }
  | { readonly kind: "history"; readonly topic: string }
  | { readonly kind: "clear"; readonly topic: string }
  | { readonly kind: "turn" }
  | { readonly kind: "wait"; readonly ms: number };

/** Small enough that every bound is met, large enough that a burst is more than a turn's bytes. */
export const worldBounds: ModelBounds & { readonly historyBytesMax: number } = {
  historySize: 12,
  historyAgeMs: 20_000,
  historyTopicBytes: 3 * mebibyte,
  historyBytesMax: 4 * mebibyte,
  keyAgeMs: 15_000,
  resumeLimit: 8,
  resumeBytesMax: 2 * mebibyte,
};

export const publicationBytesMax = 700_000;

const filler = "x".repeat(publicationBytesMax);

/** A hub, its clients and the model that they are judged by. */
export class World {
  readonly #underTest: HubUnderTest;
  readonly #models = new Map<string, TopicModel>();
  readonly #clients: ReadonlyMap<string, ClientModel>;
  /** The broker at which everything is decided. */
  #broker!: MemoryBroker;
  /** What it decided, by the id of the publication. */
  readonly #decisions = new Map<number, PublishResult>();
  #ids = 0;
  #unanswered = 0;

  /** `connect` puts something between the hub and that broker. */
  constructor(connect: Connect = (create, sink) => create(sink)) {
    const bounds = worldBounds;
    this.#underTest = createHub({
      hub: { resumeLimit: bounds.resumeLimit, resumeBytesMax: bounds.resumeBytesMax },
      log: {
        size: bounds.historySize,
        ageMs: bounds.historyAgeMs,
        bytes: bounds.historyTopicBytes,
        keyAgeMs: bounds.keyAgeMs,
      },
      broker: { historyBytesMax: bounds.historyBytesMax },
      // Of one topic the publications are gathered, of the other they are not.
      policy: { flushMsOf: (topic) => (topic === topics[0] ? 3 : 0) },
      connect: (create, sink, ports) => connect((inner) => this.#witness(create(inner)), sink, ports),
    });
    const { native } = this.#underTest;
    const model = (topic: string) => this.#model(topic);
    this.#clients = new Map(clientNames.map((name) => [name, new ClientModel(name, native, model)]));
  }

  run(step: Step): void {
    switch (step.kind) {
      case "publish":
        for (let count = 0; count < step.count; count++) this.#publish(step);
        break;
      case "subscribe":
        this.#subscribe(this.#client(step.client), step.topic, this.#position(step));
        break;
      case "unsubscribe":
        this.#unsubscribe(this.#client(step.client), step.topic);
        break;
      case "disconnect":
        this.#disconnect(this.#client(step.client));
        break;
      case "reconnect":
        this.#reconnect(this.#client(step.client));
        break;
      case "history":
        void this.#underTest.hub.history({ topic: step.topic, limit: 10, bytesMax: mebibyte });
        break;
      case "clear":
        void this.#underTest.hub.broker.clearHistory(step.topic);
        break;
      case "turn":
        this.#underTest.scheduler.turn();
        break;
      case "wait":
        this.#underTest.scheduler.advance(step.ms);
        break;
    }
    for (const topic of topics) this.#lookAt(topic);
    for (const client of this.#clients.values()) client.judge();
    this.#judgeBounds();
    for (const topic of topics) this.#judgeAttendance(topic);
  }

  /** Something happens in the next turns. */
  get isMoving(): boolean {
    return this.#underTest.scheduler.isBusy;
  }

  /** Something is still under way: in the next turns, or after a moment in which nothing moves. */
  get isBusy(): boolean {
    const waits = [...this.#clients.values()].some(({ waiting }) => waiting.size > 0);
    return this.isMoving || waits || this.#unanswered > 0 || !this.#underTest.hub.allHandedOver;
  }

  judgeEnd(): void {
    for (const client of this.#clients.values()) {
      client.judge();
      client.judgeEnd();
    }
    const subscriptions = [...this.#clients.values()].reduce((sum, { topics }) => sum + topics.size, 0);
    if (this.#underTest.hub.subscriptions !== subscriptions) {
      throw new Error(
        `${this.#underTest.hub.subscriptions} subscriptions are counted, ${subscriptions} there are`,
      );
    }
    for (const client of this.#clients.values()) this.#disconnect(client);
    if (this.#underTest.hub.topicsRead !== 0) throw new Error("topics are left that nobody reads");
    // Topics may be kept open for a while, for those who come back.
    this.#underTest.scheduler.advance(10_000);
  }

  #publish({ topic, bytes, stored, key }: Extract<Step, { kind: "publish" }>): void {
    const { hub } = this.#underTest;
    const id = ++this.#ids;
    const request = {
      topic,
      event: "message",
      message: `${id}|${filler.slice(0, bytes)}`,
      store: stored,
      ...(key !== null && { key }),
    };
    const answered = hub.publish(request);
    this.#unanswered++;
    if (answered instanceof Promise) void answered.then((outcome) => this.#judgeAck(id, outcome));
    else this.#judgeAck(id, answered);
  }

  /** Notes what the broker decides, in the moment in which it does. */
  #witness(broker: MemoryBroker): MemoryBroker {
    this.#broker = broker;
    return new Proxy(broker, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          const result: unknown =
            name === "publish" ? this.#decide(given[0] as PublishRequest) : value.apply(target, given);
          for (const topic of topics) this.#lookAt(topic);
          return result;
        };
      },
    });
  }

  #decide(request: PublishRequest): PublishResult {
    const { key, store, topic } = request;
    const known =
      key === undefined || !store
        ? undefined
        : this.#model(topic).offsetOfKey(key, this.#underTest.clock.nowMs);
    const outcome = this.#broker.publish(request);
    this.#decided(request, outcome, known);
    return outcome;
  }

  /** `known`: the offset that the key has by the model. */
  #decided(request: PublishRequest, outcome: PublishResult, known: number | undefined): void {
    const { clock } = this.#underTest;
    const { topic, key, store, message } = request;
    const id = Number.parseInt(message!, 10);
    const model = this.#model(topic);
    if (outcome instanceof Failure || outcome === "local") throw new Error("it was refused");
    if ((outcome === null) === store)
      throw new Error("a position where none belongs, or none where one does");
    this.#decisions.set(id, outcome);
    if (outcome?.repeated) {
      if (outcome.epoch !== model.epoch || outcome.offset !== known)
        throw new Error(`key ${key} is not at ${outcome.offset}`);
      return;
    }
    if (known !== undefined && outcome?.epoch === model.epoch)
      throw new Error(`key ${key} was published twice`);
    const position = outcome === null ? null : { epoch: outcome.epoch, offset: outcome.offset };
    const encoded = Buffer.byteLength(JSON.stringify(message));
    model.arrived({ id, position, bytes: this.#bytesOf(request, position, encoded), ts: clock.nowMs });
    if (key !== undefined && position !== null) model.rememberKey(key, position.offset, clock.nowMs);
  }

  #judgeAck(id: number, outcome: PublishResult): void {
    this.#unanswered--;
    if (outcome !== this.#decisions.get(id)) throw new Error(`publication ${id} was answered with another's`);
  }

  /** Bytes of the frame, from the wire format's description. */
  #bytesOf(
    request: Pick<PublishRequest, "topic" | "key">,
    position: Position | null,
    messageBytes: number,
  ): number {
    const key = request.key === undefined ? "" : `,"key":"${request.key}"`;
    const offset = position === null ? "" : `,"offset":${position.offset}`;
    const ts = this.#underTest.clock.nowMs;
    return (
      `{"type":"message","topic":"${request.topic}"${offset},"ts":${ts},"message":${key}}`.length +
      messageBytes
    );
  }

  #position({ client, topic, since }: Extract<Step, { kind: "subscribe" }>): Position | undefined {
    const { epoch, top } = this.#model(topic);
    switch (since.from) {
      case "live":
        return undefined;
      case "last":
        return this.#client(client).positions.get(topic) ?? { epoch: "never-was", offset: 0 };
      case "top":
        return { epoch: epoch ?? "never-was", offset: Math.max(0, top + since.distance) };
      case "elsewhere":
        return { epoch: "elsewhere", offset: top };
    }
  }

  /** As a session does: what was subscribed before is left first. */
  #subscribe(client: ClientModel, topic: string, since: Position | undefined): void {
    this.#unsubscribe(client, topic);
    const { hub, clock } = this.#underTest;
    const { socket } = client;
    const asked = {};
    client.topics.set(topic, asked);
    client.waiting.add(topic);
    const result = hub.subscribe(client, topic, since, (channel, answer) => {
      if (client.topics.get(topic) !== asked)
        throw new Error(`${client.name} left ${topic}, and was answered`);
      client.waiting.delete(topic);
      if (!this.#model(topic).knows(answer.epoch)) throw new Error(`${topic} was never in ${answer.epoch}`);
      socket.subscribe(channel.native);
      const recovers = since && this.#model(topic).recovers(since, answer, clock.nowMs);
      socket.send({ topic, since, answer, recovers } satisfies Answered);
    });
    if (result instanceof Failure) throw new Error(result.message);
  }

  #unsubscribe(client: ClientModel, topic: string): void {
    if (!client.topics.delete(topic)) return;
    client.waiting.delete(topic);
    client.socket.flush();
    client.judge();
    client.socket.unsubscribe(`json/${topic}`);
    client.left(topic);
    this.#underTest.hub.unsubscribe(client, topic);
  }

  #disconnect(client: ClientModel): void {
    for (const topic of client.topics.keys()) this.#underTest.hub.unsubscribe(client, topic);
    client.disconnected(new FakeSocket(this.#underTest.native));
  }

  /** Comes back, and resumes every topic that it ever was in. */
  #reconnect(client: ClientModel): void {
    this.#disconnect(client);
    for (const [topic, position] of [...client.positions]) this.#subscribe(client, topic, position);
  }

  /** Epochs may end by themselves: the least recently used go when all are too many bytes. */
  #lookAt(topic: string): void {
    const summary = this.#broker.describe(topic);
    if (summary !== null) this.#model(topic).enter(summary.epoch);
  }

  #judgeBounds(): void {
    const { hub, native } = this.#underTest;
    if (native.largestTurnBytes > mebibyte + publicationBytesMax + 200) {
      throw new Error(`${native.largestTurnBytes} bytes of one topic in one turn`);
    }
    const { historyBytes } = hub.broker.usage();
    if (historyBytes > worldBounds.historyBytesMax + 2000)
      throw new Error(`${historyBytes} bytes of history`);
  }

  #judgeAttendance(topic: string): void {
    const { hub } = this.#underTest;
    const present = [...this.#clients.values()].filter(
      (client) => client.topics.has(topic) && !client.waiting.has(topic),
    ).length;
    const { connections } = this.#broker.presence(topic);
    if (connections !== present || hub.subscribersOf(topic) !== present) {
      throw new Error(
        `${connections} in ${topic} and ${hub.subscribersOf(topic)} subscribers, where ${present} are`,
      );
    }
  }

  #client(name: string): ClientModel {
    return this.#clients.get(name)!;
  }

  #model(topic: string): TopicModel {
    let model = this.#models.get(topic);
    if (model === undefined) {
      model = new TopicModel(worldBounds);
      this.#models.set(topic, model);
    }
    return model;
  }
}
