import type { KeepRule } from "../../../src/broker/kept-publications.ts";
import type {
  Broker,
  BrokerSink,
  HistoryPage,
  HistoryQuery,
  PublishOutcome,
} from "../../../src/broker/port.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { MaybePromise } from "../../../src/core/maybe-promise.ts";
import type { PublishRequest } from "../../../src/core/publication.ts";
import { until } from "../../support/until.ts";
import { RecordingSink, type SinkEvent } from "./recording-sink.ts";

/** The bounds that the suite asks for; every broker understands them. */
export interface BrokerBounds {
  readonly historySize: number;
  readonly historyAgeMs: number;
  readonly historyTopicBytes: number;
  readonly keyAgeMs: number;
  readonly keysMax: number;
  /** The topics whose last publications are kept whatever their age. */
  readonly kept: Readonly<Record<string, KeepRule>>;
}

/** A broker under test, and time in the test's hands. */
export interface BrokerUnderTest {
  readonly broker: Broker;
  /** Lets time pass, with what the broker does in it. */
  advance(ms: number): MaybePromise<void>;
  dispose(): MaybePromise<void>;
}

export type CreateBroker = (bounds: BrokerBounds, sink: BrokerSink) => MaybePromise<BrokerUnderTest>;

/** A fresh broker for one test, with bounds of its own where it asks for them. */
export type StartBroker = (bounds?: Partial<BrokerBounds>) => Promise<BrokerHarness>;

const defaultBounds: BrokerBounds = {
  historySize: 100,
  historyAgeMs: 60_000,
  historyTopicBytes: 1024 * 1024,
  keyAgeMs: 30_000,
  keysMax: 100,
  kept: {},
};

/** A broker and its sink, with calls that fail the test where the broker refuses. */
export class BrokerHarness {
  readonly sink: RecordingSink;
  readonly underTest: BrokerUnderTest;

  private constructor(sink: RecordingSink, underTest: BrokerUnderTest) {
    this.sink = sink;
    this.underTest = underTest;
  }

  static async create(create: CreateBroker, bounds: Partial<BrokerBounds> = {}): Promise<BrokerHarness> {
    const sink = new RecordingSink();
    return new BrokerHarness(sink, await create({ ...defaultBounds, ...bounds }, sink));
  }

  get broker(): Broker {
    return this.underTest.broker;
  }

  async advance(ms: number): Promise<void> {
    await this.underTest.advance(ms);
  }

  /** Publishes a stored message. */
  async publish(topic: string, message: string, more: Partial<PublishRequest> = {}): Promise<PublishOutcome> {
    const request = { topic, event: "message", message, store: true, ...more };
    const outcome = succeeded(await this.broker.publish(request));
    if (outcome === null || outcome === "local") throw new Error("a stored publication got no position");
    return outcome;
  }

  async publishMany(topic: string, count: number): Promise<void> {
    for (let number = 1; number <= count; number++) await this.publish(topic, `m${number}`);
  }

  async follow(topic: string) {
    return succeeded(await this.broker.follow(topic));
  }

  async history(query: Partial<HistoryQuery> & { topic: string }): Promise<HistoryPage> {
    return succeeded(await this.broker.history({ limit: 1000, bytesMax: 1024 * 1024, ...query }));
  }

  async offsets(query: Partial<HistoryQuery> & { topic: string }): Promise<number[]> {
    return (await this.history(query)).publications.map(({ offset }) => offset);
  }

  /** Offsets of those that are kept. */
  async kept(topic: string): Promise<number[]> {
    return succeeded(await this.broker.kept(topic)).map(({ publication }) => publication.offset);
  }

  /** Waits until the sink was told what the test expects, and that this was all. */
  async told(topic: string, expected: readonly SinkEvent[]): Promise<SinkEvent[]> {
    const ofTopic = () => this.sink.events.filter((event) => event.topic === topic);
    await until(() => ofTopic().length >= expected.length, 2000, "what the sink is told").catch(
      () => undefined,
    );
    return ofTopic();
  }

  async delivered(topic: string, count: number): Promise<number[]> {
    const offsets = () => this.sink.offsetsOf(topic);
    await until(() => offsets().length >= count, 2000, `${count} deliveries`).catch(() => undefined);
    return offsets();
  }
}

export function succeeded<T>(result: T | Failure): T {
  if (result instanceof Failure) throw new Error(`${result.code}: ${result.message}`);
  return result;
}
