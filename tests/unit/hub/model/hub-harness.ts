import { MemoryBroker, type MemoryBrokerOptions } from "../../../../src/broker/memory.ts";
import type { Broker, BrokerSink } from "../../../../src/broker/port.ts";
import { Hub, type HubOptions } from "../../../../src/hub/hub.ts";
import type { FanOut, HubCounters, TopicPolicy } from "../../../../src/hub/ports.ts";
import type { LogBounds } from "../../../../src/hub/topic-log.ts";
import { createFakePorts, type FakePorts } from "../../../support/fake-ports.ts";
import { NativeTopics } from "./native-topics.ts";

export const mebibyte = 1024 * 1024;

/** Makes the hub's broker out of a memory broker, which `create` makes for the sink it is given. */
export type Connect = (
  create: (sink: BrokerSink) => MemoryBroker,
  sink: BrokerSink,
  ports: FakePorts,
) => Broker;

export interface HubSettings {
  readonly hub?: Partial<HubOptions>;
  readonly log?: Partial<LogBounds>;
  readonly broker?: Partial<MemoryBrokerOptions>;
  readonly policy?: Partial<TopicPolicy>;
  /** Puts something between the hub and the memory broker. */
  readonly wrap?: (broker: Broker, ports: FakePorts) => Broker;
  /** Puts something between the memory broker and the hub in both directions. */
  readonly connect?: Connect;
  /** Wire formats beside the first one, of the native topics. */
  readonly fanOuts?: (ports: FakePorts) => readonly FanOut[];
}

export interface HubUnderTest extends FakePorts {
  readonly hub: Hub;
  readonly native: NativeTopics;
  readonly counters: HubCounters;
}

/** A hub on a memory broker, with time, turns and sockets in the test's hands. */
export function createHub(settings: HubSettings = {}): HubUnderTest {
  const ports = createFakePorts();
  const native = new NativeTopics();
  ports.scheduler.onFlush = () => native.flush();
  const counters: HubCounters = {
    publicationsUnstored: 0,
    publicationsRepeated: 0,
    resumesRecovered: 0,
    resumesNotRecovered: 0,
    publicationsReplayed: 0,
    historyReads: 0,
  };
  const bounds: LogBounds = {
    size: 1000,
    ageMs: 300_000,
    bytes: 4 * mebibyte,
    keyAgeMs: 300_000,
    keysMax: 1000,
    ...settings.log,
  };
  const createBroker = (sink: BrokerSink) =>
    new MemoryBroker(
      {
        boundsOf: () => bounds,
        historyBytesMax: 256 * mebibyte,
        topicsMax: 1000,
        ...settings.broker,
      },
      sink,
      ports,
    );
  const hub = new Hub(
    {
      resumeLimit: 1000,
      resumeBytesMax: 2 * mebibyte,
      tickBytesMax: mebibyte,
      subscribersMax: 0,
      membershipWindowMs: 500,
      tellsMembership: () => false,
      ...settings.hub,
    },
    {
      scheduler: ports.scheduler,
      counters,
      publishTimer: { begin: () => 0, end: () => {} },
      fanOuts: [native, ...(settings.fanOuts?.(ports) ?? [])],
      policy: { check: () => null, flushMsOf: () => 0, countsReaders: () => true, ...settings.policy },
      broker: (sink) => {
        const broker = settings.connect?.(createBroker, sink, ports) ?? createBroker(sink);
        return settings.wrap?.(broker, ports) ?? broker;
      },
    },
  );
  return { ...ports, hub, native, counters };
}
