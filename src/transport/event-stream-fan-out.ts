import type { Scheduler } from "../core/ports.ts";
import type { Publication } from "../core/publication.ts";
import type { Channel, FanOut } from "../hub/ports.ts";
import { encodeTopicState } from "../protocol/encode.ts";
import type { EventStream } from "./event-stream.ts";
import { StreamGroup } from "./event-stream-group.ts";
import type { DeliveryCounters } from "./websocket-fan-out.ts";

/** Fan-out of Server-Sent Events: one shared chunk for each topic set and turn of the event loop. */
export class EventStreamFanOut implements FanOut {
  readonly format = "sse";
  readonly #counters: DeliveryCounters;
  readonly #scheduler: Scheduler;
  readonly #sent: (stream: EventStream) => void;
  readonly #groups = new Map<string, StreamGroup>();
  readonly #groupsByTopic = new Map<string, Set<StreamGroup>>();
  readonly #epochs = new Map<string, string>();
  #due = new Set<StreamGroup>();

  /** `sent` is called after a stream was given a chunk, to look whether its reader keeps up. */
  constructor(counters: DeliveryCounters, scheduler: Scheduler, sent: (stream: EventStream) => void) {
    this.#counters = counters;
    this.#scheduler = scheduler;
    this.#sent = sent;
  }

  /**
   * Puts a stream among those that read exactly `topics`. What waits for either group is sent first, so that
   * it neither misses nor gets twice what was published in this turn.
   */
  place(stream: EventStream, topics: Iterable<string>): void {
    this.remove(stream);
    const sorted = [...topics].sort();
    const key = sorted.join(",");
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new StreamGroup(key, sorted);
      this.#groups.set(key, group);
      for (const topic of sorted) this.#groupsOf(topic).add(group);
    }
    this.#flush(group);
    group.streams.add(stream);
    stream.group = group;
  }

  /** Takes a stream out of its group; what waits for it is sent first. */
  remove(stream: EventStream): void {
    const { group } = stream;
    if (group === null) return;
    this.#flush(group);
    stream.group = null;
    group.streams.delete(stream);
    if (group.streams.size > 0) return;
    this.#groups.delete(group.key);
    for (const topic of group.topics) {
      const groups = this.#groupsOf(topic);
      groups.delete(group);
      if (groups.size > 0) continue;
      this.#groupsByTopic.delete(topic);
      this.#epochs.delete(topic);
    }
  }

  /** Where the fan-out of a topic stands, as told to one who joined it. */
  reached(group: StreamGroup, topic: string, epoch: string, offset: number): void {
    this.#epochs.set(topic, epoch);
    group.walk.reached(topic, epoch, offset);
  }

  /** Tells every stream something that is no publication; no cursor moves. */
  tellAll(type: string, data: string): void {
    for (const group of this.#groups.values()) {
      group.add(type, data);
      this.#flush(group);
    }
  }

  /** Comments to the groups that were silent since the last call. */
  beat(): void {
    for (const group of this.#groups.values()) {
      const chunk = group.beat();
      if (chunk !== null) this.#send(group, chunk);
    }
  }

  deliver(channel: Channel, publication: Publication): void {
    const { topic, subscribers } = channel;
    this.#counters.deliveries.sse += subscribers;
    this.#counters.bytesSent.sse += subscribers * publication.bytes;
    const groups = this.#groupsByTopic.get(topic);
    if (groups === undefined) return;
    const epoch = this.#epochs.get(topic) ?? "";
    for (const group of groups) {
      if (publication.offset > 0) group.walk.reached(topic, epoch, publication.offset);
      group.add(publication.type, publication.frame);
      this.#schedule(group);
    }
  }

  announce(channel: Channel, type: string, frame: string): void {
    for (const group of this.#groupsByTopic.get(channel.topic) ?? []) {
      group.add(type, frame);
      this.#schedule(group);
    }
  }

  broke(channel: Channel, epoch: string, offset: number): void {
    const { topic } = channel;
    for (const group of this.#groupsByTopic.get(topic) ?? []) {
      this.reached(group, topic, epoch, offset);
      group.add("subscribed", `[{${encodeTopicState({ topic, epoch, offset, recovered: false })}}]`);
      this.#schedule(group);
    }
  }

  #groupsOf(topic: string): Set<StreamGroup> {
    let groups = this.#groupsByTopic.get(topic);
    if (groups === undefined) {
      groups = new Set();
      this.#groupsByTopic.set(topic, groups);
    }
    return groups;
  }

  #schedule(group: StreamGroup): void {
    if (this.#due.size === 0) this.#scheduler.endOfTick(() => this.#flushAll());
    this.#due.add(group);
  }

  #flushAll(): void {
    const due = this.#due;
    this.#due = new Set();
    for (const group of due) this.#flush(group);
  }

  #flush(group: StreamGroup): void {
    const chunk = group.take();
    if (chunk !== null) this.#send(group, chunk);
  }

  #send(group: StreamGroup, chunk: Uint8Array): void {
    for (const stream of group.streams) {
      stream.sendChunk(chunk);
      this.#sent(stream);
    }
  }
}
