import { Failure } from "../../core/failure.ts";
import type { Scheduler } from "../../core/ports.ts";
import type { Position } from "../../core/position.ts";
import type { PublishRequest } from "../../core/publication.ts";
import type { LogBounds } from "../../hub/topic-log.ts";
import type { PublishOutcome } from "../port.ts";
import { scopedKey } from "../scoped-key.ts";
import { encodeLine, encodeUnstored } from "./codec.ts";
import type { Keys } from "./keys.ts";
import type { RedisConnection } from "./ports.ts";
import { publishScript } from "./scripts.ts";

export interface PublisherOptions {
  readonly boundsOf: (topic: string) => LogBounds;
  /** How many of the topic's publications are kept whatever their age; 0: none. */
  readonly keptOf: (topic: string) => number;
  /** A topic that nobody uses is forgotten after it. */
  readonly ttlMsOf: (topic: string) => number;
}

export interface PublisherPorts {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly scheduler: Scheduler;
  readonly newEpoch: () => string;
  /** Where the topic stands as far as this node has seen. */
  readonly known: (topic: string) => Position | null;
}

type Outcome = PublishOutcome | null | Failure;

interface Entry {
  readonly line: string;
  /** Idempotency key; empty: none. */
  readonly key: string;
  readonly ts: number;
  readonly store: boolean;
  readonly settle: (outcome: Outcome) => void;
}

/** The publications of one topic that wait, oldest first, and what is under way. */
interface Lane {
  readonly topic: string;
  waiting: Entry[];
  inFlight: number;
  isDirty: boolean;
}

/** Batches of a topic that are under way at one time: what comes meanwhile makes the next ones larger. */
const inFlightMax = 2;
const batchPublicationsMax = 512;
const batchCharactersMax = 256 * 1024;
/** Characters of all publications that wait or are under way. */
const pendingCharactersMax = 32 * 1024 * 1024;

const unknownOutcome = new Failure(
  "unavailable",
  "Redis did not answer: whether this was published is not known. Publish it again with the same key.",
);
const tooFast = new Failure(
  "rate_limited",
  "More was published than Redis has taken by now: slow down, and publish this again.",
);

/**
 * The way of publications into Redis. What is published to a topic in one turn of the event loop, or while Redis
 * is at work on what came before, travels together and is stored as one entry.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #ports: PublisherPorts;
  readonly #lanes = new Map<string, Lane>();
  #dirty: Lane[] = [];
  #pendingCharacters = 0;

  constructor(options: PublisherOptions, ports: PublisherPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Resolves when Redis has answered, or can no longer be expected to; never rejects. */
  publish(request: PublishRequest): Promise<Outcome> | Failure {
    if (this.#pendingCharacters > pendingCharactersMax) return tooFast;
    const ts = this.#ports.connection.now();
    const line = encodeLine(request, ts);
    const lane = this.#laneOf(request.topic);
    this.#pendingCharacters += line.length;
    return new Promise((settle) => {
      lane.waiting.push({ line, key: scopedKey(request) ?? "", ts, store: request.store, settle });
      this.#markDirty(lane);
    });
  }

  #laneOf(topic: string): Lane {
    let lane = this.#lanes.get(topic);
    if (lane === undefined) {
      lane = { topic, waiting: [], inFlight: 0, isDirty: false };
      this.#lanes.set(topic, lane);
    }
    return lane;
  }

  #markDirty(lane: Lane): void {
    if (lane.isDirty || lane.inFlight >= inFlightMax) return;
    lane.isDirty = true;
    this.#dirty.push(lane);
    if (this.#dirty.length === 1) this.#ports.scheduler.endOfTick(() => this.#flush());
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const lane of dirty) {
      lane.isDirty = false;
      this.#send(lane);
    }
  }

  #send(lane: Lane): void {
    while (lane.waiting.length > 0 && lane.inFlight < inFlightMax) {
      const batch = takeBatch(lane);
      lane.inFlight++;
      const sent = batch[0]!.store ? this.#store(lane.topic, batch) : this.#pass(lane.topic, batch);
      void sent
        .catch(() => null)
        .then((outcomes) => {
          lane.inFlight--;
          for (const [index, { line, settle }] of batch.entries()) {
            this.#pendingCharacters -= line.length;
            settle(outcomes === null ? unknownOutcome : outcomes[index]!);
          }
          this.#send(lane);
        });
    }
    if (lane.waiting.length === 0 && lane.inFlight === 0) this.#lanes.delete(lane.topic);
  }

  /** Without a position: delivered, and nothing else. */
  async #pass(topic: string, batch: readonly Entry[]): Promise<Outcome[]> {
    const { connection, keys } = this.#ports;
    await connection.publish(keys.channel(topic), encodeUnstored(batch.map(({ line }) => line)));
    return batch.map(() => null);
  }

  async #store(topic: string, batch: readonly Entry[]): Promise<Outcome[]> {
    const { connection, keys, newEpoch, known } = this.#ports;
    const { size, ageMs, bytes, keyAgeMs, keysMax } = this.#options.boundsOf(topic);
    const kept = this.#options.keptOf(topic);
    const position = known(topic);
    const each = kept > 0 || batch.some(({ key }) => key !== "");
    const reply = (await connection.run(
      publishScript,
      [...keys.order(topic), keys.kept(topic)],
      [
        newEpoch(),
        position?.epoch ?? "",
        String(position?.offset ?? 0),
        String(this.#options.ttlMsOf(topic)),
        keys.channel(topic),
        String(connection.now()),
        String(size),
        String(ageMs),
        String(bytes),
        String(keyAgeMs),
        String(keysMax),
        String(kept),
        ...(each
          ? ["each", ...batch.flatMap(({ key, line }) => [key, line])]
          : ["whole", String(batch.length), batch.map(({ line }) => line).join("\n")]),
      ],
    )) as unknown[];
    const epoch = String(reply[0]);
    return batch.map(({ ts }, index) => {
      const offset = each ? Number(reply[index + 1]) : Number(reply[1]) + index;
      return { epoch, offset: Math.abs(offset), ts, repeated: offset < 0 };
    });
  }
}

/** The oldest of those that wait, as many as may travel together. */
function takeBatch(lane: Lane): Entry[] {
  const { waiting } = lane;
  const { store } = waiting[0]!;
  let count = 0;
  let characters = 0;
  while (count < waiting.length && count < batchPublicationsMax && characters < batchCharactersMax) {
    const entry = waiting[count]!;
    if (entry.store !== store) break;
    characters += entry.line.length;
    count++;
  }
  if (count === waiting.length) {
    lane.waiting = [];
    return waiting;
  }
  lane.waiting = waiting.slice(count);
  return waiting.slice(0, count);
}
