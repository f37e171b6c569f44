import type { Scheduler } from "../core/ports.ts";
import type { Publication } from "../core/publication.ts";
import type { Channel, FanOut } from "../hub/ports.ts";
import { encodeTopicState } from "../protocol/encode.ts";
import type { EventStream } from "./event-stream.ts";
import { type Place, StreamGroup } from "./event-stream-group.ts";
import type { DeliveryCounters } from "./websocket-fan-out.ts";

/** One for all groups that watch nothing, which most are. */
const none: readonly string[] = [];

/** Fan-out of Server-Sent Events: one shared chunk for each topic set and turn of the event loop. */
export class EventStreamFanOut implements FanOut {
  readonly format = "sse";
  readonly #counters: DeliveryCounters;
  readonly #scheduler: Scheduler;
  readonly #sent: (stream: EventStream) => void;
  readonly #groups = new Map<string, StreamGroup>();
  readonly #groupsByTopic = new Map<string, Set<StreamGroup>>();
  /** How far each topic has been handed over. */
  readonly #places = new Map<string, Place>();
  #due = new Set<StreamGroup>();

  /** `sent` is called after a stream was given a chunk, to look whether its reader keeps up. */
  constructor(counters: DeliveryCounters, scheduler: Scheduler, sent: (stream: EventStream) => void) {
    this.#counters = counters;
    this.#scheduler = scheduler;
    this.#sent = sent;
  }

  /**
   * Puts a stream among those that read exactly `topics`, and see the members of the same ones. What waits for
   * either group is sent first, so that it neither misses nor gets twice what was published in this turn.
   */
  place(stream: EventStream, topics: Iterable<string>, seesMembers: (topic: string) => boolean): void {
    const sorted = [...topics].sort();
    const watched = sorted.some(seesMembers) ? sorted.filter(seesMembers) : none;
    const key = watched === none ? sorted.join(",") : `${sorted.join(",")}/${watched.join(",")}`;
    if (stream.group?.key === key) return;
    const present = this.#groups.get(key);
    // Who turns out to be too slow for it leaves, and may have been the last of the group.
    if (present !== undefined) this.#flush(present);
    // Before the stream leaves its old group, with which its topics' places might be forgotten.
    const group = this.#groups.get(key) ?? this.#create(key, sorted, watched);
    this.remove(stream);
    if (stream.ended) {
      this.#dropIfEmpty(group);
      return;
    }
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
    this.#dropIfEmpty(group);
  }

  /** Where the fan-out of a topic stands, as told to one who joined it. */
  reached(group: StreamGroup, topic: string, epoch: string, offset: number): void {
    this.#places.set(topic, { topic, epoch, offset });
    group.walk.reached(topic, epoch, offset);
  }

  /** Tells every stream something that is no publication; no cursor moves. */
  tellAll(type: string, data: string): void {
    for (const group of this.#groups.values()) {
      if (group.topics.length === 0) {
        // Each has a cursor of its own, as none has joined a topic.
        for (const stream of group.streams) stream.tell(type, data);
        continue;
      }
      group.add(type, data, null);
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
    const place = this.#advance(topic, publication.offset);
    for (const group of groups) {
      group.add(publication.type, publication.frame, place);
      this.#schedule(group);
    }
  }

  announce(channel: Channel, type: string, frame: string): void {
    for (const group of this.#groupsByTopic.get(channel.topic) ?? []) {
      if (!group.watched.includes(channel.topic)) continue;
      group.add(type, frame, null);
      this.#schedule(group);
    }
  }

  broke(channel: Channel, epoch: string, offset: number): void {
    const { topic } = channel;
    const groups = this.#groupsByTopic.get(topic);
    if (groups === undefined) return;
    const place = { topic, epoch, offset };
    this.#places.set(topic, place);
    const data = `[{${encodeTopicState({ ...place, recovered: false })}}]`;
    for (const group of groups) {
      group.add("subscribed", data, place);
      this.#schedule(group);
    }
  }

  /** Null: what is delivered has no position. */
  #advance(topic: string, offset: number): Place | null {
    const before = this.#places.get(topic);
    if (offset === 0 || before === undefined) return null;
    const place = { topic, epoch: before.epoch, offset };
    this.#places.set(topic, place);
    return place;
  }

  #create(key: string, sorted: readonly string[], watched: readonly string[]): StreamGroup {
    const group = new StreamGroup(key, sorted, watched);
    this.#groups.set(key, group);
    for (const topic of sorted) {
      this.#groupsOf(topic).add(group);
      const place = this.#places.get(topic);
      if (place !== undefined) group.walk.reached(topic, place.epoch, place.offset);
    }
    return group;
  }

  #dropIfEmpty(group: StreamGroup): void {
    if (group.streams.size > 0 || this.#groups.get(group.key) !== group) return;
    this.#groups.delete(group.key);
    for (const topic of group.topics) {
      const groups = this.#groupsOf(topic);
      groups.delete(group);
      if (groups.size > 0) continue;
      this.#groupsByTopic.delete(topic);
      this.#places.delete(topic);
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
