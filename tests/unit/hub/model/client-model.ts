import type { Position } from "../../../../src/core/position.ts";
import type { Publication } from "../../../../src/core/publication.ts";
import type { Joined, Subscriber } from "../../../../src/hub/ports.ts";
import { FakeSocket, type NativeTopics, type Received } from "./native-topics.ts";
import type { TopicModel } from "./topic-model.ts";

/** What a client is sent in the moment it is subscribed, with what the model says of it. */
export interface Answered {
  readonly topic: string;
  readonly since: Position | undefined;
  readonly answer: Joined;
  /** Null: either is right. */
  readonly recovers: boolean | null | undefined;
}

interface Stream {
  epoch: string;
  /** Offset of the last stored publication it has, or was told it starts after. */
  offset: number;
  /** Where in the topic's arrivals it last was; null before the first. */
  arrival: number | null;
}

/** The id that a publication of this test carries at the start of its message. */
export function idOf(publication: Publication): number {
  const match = /"message":"(\d+)\|/.exec(publication.frame);
  if (match === null) throw new Error("a publication without an id");
  return Number(match[1]);
}

/** A client that judges everything it receives against the model. */
export class ClientModel implements Subscriber {
  readonly format = 0;
  readonly name: string;
  readonly userId: string;
  /** What it asked for and did not leave, by topic: each time another object. */
  readonly topics = new Map<string, object>();
  /** Those it waits for. */
  readonly waiting = new Set<string>();
  /** Where it last was in each topic, also when it is gone. */
  readonly positions = new Map<string, Position>();
  socket: FakeSocket;
  readonly #streams = new Map<string, Stream>();
  readonly #model: (topic: string) => TopicModel;

  constructor(name: string, native: NativeTopics, model: (topic: string) => TopicModel) {
    this.name = name;
    this.userId = name;
    this.socket = new FakeSocket(native);
    this.#model = model;
  }

  /** Takes what was written to its socket since the last time. */
  judge(): void {
    for (const received of this.socket.take()) this.#judge(received);
  }

  left(topic: string): void {
    this.#streams.delete(topic);
  }

  /** Its connection is gone; the next one will be over another socket. */
  disconnected(next: FakeSocket): void {
    this.socket.close();
    this.socket = next;
    this.#streams.clear();
    this.topics.clear();
    this.waiting.clear();
  }

  /** At the end, when nothing is under way any more: nothing may be missing. */
  judgeEnd(): void {
    if (this.waiting.size > 0) this.#fail("*", `still waits for ${[...this.waiting]}`);
    for (const topic of this.topics.keys()) {
      const stream = this.#streams.get(topic);
      const model = this.#model(topic);
      if (stream === undefined) this.#fail(topic, "was never answered");
      if (stream.epoch !== model.epoch || stream.offset !== model.top) {
        this.#fail(topic, `is left at ${stream.epoch}:${stream.offset}, not at ${model.epoch}:${model.top}`);
      }
      const last = model.arrivals.length - 1;
      if (stream.arrival !== null && stream.arrival !== last)
        this.#fail(topic, "misses the last that arrived");
    }
  }

  #judge(received: Received): void {
    switch (received.kind) {
      case "sent":
        this.#judgeAnswer(received.what as Answered);
        break;
      case "publication":
        this.#judgePublication(received.topic, received.publication);
        break;
      case "broke":
        this.#judgeBreak(received.topic, received);
        break;
      case "announced":
        break;
    }
  }

  #judgeAnswer({ topic, since, answer, recovers }: Answered): void {
    const { epoch, offset, recovered, replay } = answer;
    if ((since === undefined) !== (recovered === undefined))
      this.#fail(topic, "recovered without since, or not with it");
    if (since !== undefined && recovers !== null && recovered !== recovers) {
      this.#fail(
        topic,
        `since ${since.epoch}:${since.offset} at ${epoch}:${offset}: recovered is ${recovered}`,
      );
    }
    const first = recovered === true ? since!.offset + 1 : offset + 1;
    if (replay.length !== offset - first + 1)
      this.#fail(topic, `${replay.length} replayed from ${first} to ${offset}`);
    for (const [index, publication] of replay.entries()) {
      this.#judgePlace(topic, epoch, first + index, publication);
    }
    this.#streams.set(topic, { epoch, offset, arrival: null });
    this.positions.set(topic, { epoch, offset });
  }

  #judgePublication(topic: string, publication: Publication): void {
    const stream = this.#streams.get(topic);
    if (stream === undefined) {
      if (this.topics.has(topic)) this.#fail(topic, "a publication before the answer");
      // Written before it left.
      return;
    }
    const arrival = this.#model(topic).indexOf(idOf(publication));
    if (stream.arrival !== null && arrival !== stream.arrival + 1) {
      this.#fail(topic, `arrival ${arrival} after ${stream.arrival}`);
    }
    stream.arrival = arrival;
    if (publication.offset === 0) return;
    this.#judgePlace(topic, stream.epoch, stream.offset + 1, publication);
    stream.offset = publication.offset;
    this.positions.set(topic, { epoch: stream.epoch, offset: stream.offset });
  }

  #judgeBreak(topic: string, { epoch, offset }: Position): void {
    const stream = this.#streams.get(topic);
    if (stream === undefined) return;
    if (stream.epoch === epoch) this.#fail(topic, `a break within epoch ${epoch}`);
    this.#streams.set(topic, { epoch, offset, arrival: null });
    this.positions.set(topic, { epoch, offset });
  }

  /** What stands at a place is what was published there. */
  #judgePlace(topic: string, epoch: string, offset: number, publication: Publication): void {
    const arrival = this.#model(topic).arrivals[this.#model(topic).indexOf(idOf(publication))];
    const { position } = arrival!;
    if (publication.offset !== offset || position?.offset !== offset || position.epoch !== epoch) {
      this.#fail(
        topic,
        `${publication.offset} (${position?.epoch}:${position?.offset}) where ${epoch}:${offset} belongs`,
      );
    }
  }

  #fail(topic: string, what: string): never {
    throw new Error(`${this.name}, ${topic}: ${what}`);
  }
}
