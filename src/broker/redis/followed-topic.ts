import type { Position } from "../../core/position.ts";
import type { TopicLog } from "../../hub/topic-log.ts";
import type { ChannelMessage, Received } from "./codec.ts";
import { decodeLine } from "./codec.ts";
import type { Entry, Reading } from "./topic-reader.ts";

/** What a followed topic asks for, and tells. */
export interface FollowedTopicPorts {
  /** Reads the topic's newest (`since` null), or all after a position; null: Redis is out of reach. */
  readonly read: (topic: string, since: Position | null) => Promise<Reading | null>;
  /** Begins the log of a topic. */
  readonly createLog: (topic: string, epoch: string) => TopicLog;
  /** The next publication. `isNews` false: it was read to fill the log of a topic that begins to be followed. */
  readonly append: (log: TopicLog, received: Received, isNews: boolean) => void;
  /** Lets the log go on after `offset` in `epoch`, without what was before. */
  readonly restart: (log: TopicLog, epoch: string, offset: number) => void;
  /** Tells the readers that the stream went on there. */
  readonly broke: (log: TopicLog, offset: number) => void;
  readonly counters: RelayCounters;
}

/** Plain numbers that the relay counts and telemetry reads. */
export interface RelayCounters {
  /** Publications that arrived, of followed topics. */
  received: number;
  /** Arrived a second time, and were dropped. */
  duplicates: number;
  /** Were missed, and read from the stream. */
  healed: number;
  /** Streams that could not be continued without a break. */
  breaks: number;
  /** Damaged lines and messages. */
  invalid: number;
}

type Batch = Extract<ChannelMessage, { kind: "batch" }>;

/** Publications that are held while the stream is read; those beyond are read from it, too. */
const heldMax = 2000;
const heldCharactersMax = 4 * 1024 * 1024;

/**
 * One topic that this node follows. What arrives is let through in the order of its offsets, each once; where one
 * is missing the stream in Redis is read; where another epoch begins Redis is asked which one holds.
 */
export class FollowedTopic {
  readonly name: string;
  readonly #ports: FollowedTopicPorts;
  #log: TopicLog | null = null;
  /** Its log was begun without Redis. */
  #isAlone = false;
  #held: Batch[] = [];
  #heldCount = 0;
  #heldCharacters = 0;
  #isReading = false;
  /** Something arrived that the reading under way may not have seen. */
  #readAgain = false;
  /** Redis could not be asked. */
  #isStale = true;
  #closed = false;
  readonly #joined: Promise<TopicLog>;
  #resolveJoined: (log: TopicLog) => void = () => {};

  constructor(name: string, ports: FollowedTopicPorts) {
    this.name = name;
    this.#ports = ports;
    this.#joined = new Promise((resolve) => {
      this.#resolveJoined = resolve;
    });
  }

  /** Null: the broker is still being asked. */
  get log(): TopicLog | null {
    return this.#log;
  }

  /** The log, once it is known where the topic stands. */
  get joined(): Promise<TopicLog> {
    return this.#joined;
  }

  /** It may have missed something that nothing will tell of. */
  get isStale(): boolean {
    return this.#isStale;
  }

  close(): void {
    this.#closed = true;
    this.#letGo();
  }

  /** Begins with a log that Redis knows nothing of, while that is out of reach. */
  beginAlone(epoch: string): void {
    if (this.#log !== null || this.#closed) return;
    this.#isAlone = true;
    this.#begin(this.#ports.createLog(this.name, epoch));
  }

  batch(message: Batch): void {
    const log = this.#log;
    if (this.#isReading || log === null) {
      this.#hold(message);
    } else if (!this.#take(log, message)) {
      this.#hold(message);
      void this.catchUp();
    }
  }

  /** Reads what was missed, if anything was. Calls while it reads make it read once more. */
  async catchUp(): Promise<void> {
    if (this.#closed) return;
    if (this.#isReading) {
      this.#readAgain = true;
      return;
    }
    this.#isReading = true;
    do {
      this.#readAgain = false;
      const since = this.#log === null ? null : { epoch: this.#log.epoch, offset: this.#log.top };
      const reading = await this.#ports.read(this.name, since);
      if (this.#closed) return;
      this.#isStale = reading === null;
      if (reading === null) {
        this.#letGo();
        break;
      }
      this.#apply(reading);
      this.#takeHeld();
    } while (this.#readAgain);
    this.#isReading = false;
  }

  #hold(message: Batch): void {
    for (const { length } of message.lines) this.#heldCharacters += length;
    this.#heldCount += message.lines.length;
    if (this.#heldCount <= heldMax && this.#heldCharacters <= heldCharactersMax) this.#held.push(message);
    else this.#readAgain = true;
  }

  #letGo(): Batch[] {
    const held = this.#held;
    this.#held = [];
    this.#heldCount = 0;
    this.#heldCharacters = 0;
    return held;
  }

  #begin(log: TopicLog): void {
    this.#log = log;
    this.#resolveJoined(log);
  }

  #apply(reading: Reading): void {
    if (this.#log === null) {
      const log = this.#ports.createLog(this.name, reading.epoch);
      this.#fill(log, reading);
      this.#begin(log);
    } else if (this.#isAlone) {
      this.#isAlone = false;
      this.#fill(this.#log, reading);
      this.#ports.broke(this.#log, this.#log.top);
    } else {
      this.#goOn(this.#log, reading);
    }
  }

  /** Takes what was read as the past: nobody is waiting for it. */
  #fill(log: TopicLog, { epoch, offset, entries }: Reading): void {
    this.#ports.restart(log, epoch, offsetBefore(entries, offset));
    for (const entry of entries) this.#applyEntry(log, entry, false);
    if (log.top < offset) this.#ports.restart(log, epoch, offset);
  }

  #goOn(log: TopicLog, { epoch, offset, entries }: Reading): void {
    if (epoch !== log.epoch) this.#breakAt(log, epoch, offsetBefore(entries, offset));
    for (const entry of entries) this.#applyEntry(log, entry, true);
    if (log.top >= offset) return;
    // Bounds of a reading end it early; where nothing more is to be had, the rest is gone.
    if (entries.length > 0) this.#readAgain = true;
    else this.#breakAt(log, epoch, offset);
  }

  #applyEntry(log: TopicLog, { last, lines }: Entry, isNews: boolean): void {
    if (last <= log.top) return;
    const first = last - lines.length + 1;
    if (first > log.top + 1) this.#passOver(log, first - 1, isNews);
    for (let offset = Math.max(first, log.top + 1); offset <= last; offset++) {
      const received = decodeLine(this.name, lines[offset - first]!, offset);
      if (received === null) {
        this.#ports.counters.invalid++;
        this.#passOver(log, offset, isNews);
      } else {
        if (isNews) this.#ports.counters.healed++;
        this.#ports.append(log, received, isNews);
      }
    }
  }

  #takeHeld(): void {
    const held = this.#letGo();
    const log = this.#log;
    if (log === null) return;
    for (const message of held) {
      // What does not fit is in the stream by now, or of an epoch that is over.
      if (!this.#take(log, message)) this.#readAgain = true;
    }
  }

  /** Lets a batch through if it is next, or drops it if it is known. False: Redis has to be asked. */
  #take(log: TopicLog, { epoch, first, lines }: Batch): boolean {
    if (epoch !== log.epoch || first > log.top + 1) return false;
    const { append, counters } = this.#ports;
    for (let index = 0; index < lines.length; index++) {
      const offset = first + index;
      if (offset <= log.top) {
        counters.duplicates++;
        continue;
      }
      const received = decodeLine(this.name, lines[index]!, offset);
      // The stream may have what was damaged on its way.
      if (received === null) {
        counters.invalid++;
        return false;
      }
      counters.received++;
      append(log, received, true);
    }
    return true;
  }

  #passOver(log: TopicLog, offset: number, isNews: boolean): void {
    if (isNews) this.#breakAt(log, log.epoch, offset);
    else this.#ports.restart(log, log.epoch, offset);
  }

  #breakAt(log: TopicLog, epoch: string, offset: number): void {
    this.#ports.counters.breaks++;
    this.#ports.restart(log, epoch, offset);
    this.#ports.broke(log, offset);
  }
}

/** The offset before the oldest entry; without any, there is nothing up to `top`. */
function offsetBefore([oldest]: readonly Entry[], top: number): number {
  return oldest === undefined ? top : oldest.last - oldest.lines.length;
}
