import type { ServerFrame, Violation } from "./log.ts";

interface EpochRecord {
  readonly frames: Map<number, ServerFrame>;
  readonly offsetByKey: Map<string, number>;
  top: number;
}

/** What stands where, put together from all subscribers: one content for each (topic, epoch, offset). */
export class PublicationLedger {
  readonly violations: Violation[] = [];
  readonly #epochs = new Map<string, EpochRecord>();

  /** How many epochs there were, over all topics. */
  get epochs(): number {
    return this.#epochs.size;
  }

  record(subscriber: string, epoch: string, frame: ServerFrame & { topic: string; offset: number }): void {
    const { topic, offset } = frame;
    this.noteTop(topic, epoch, offset);
    const record = this.#recordOf(topic, epoch);
    const known = record.frames.get(offset);
    if (known === undefined) {
      record.frames.set(offset, frame);
      if (typeof frame.key === "string") this.noteKey(subscriber, topic, epoch, offset, frame.key);
    } else if (!Bun.deepEquals(known, frame, true)) {
      this.violations.push({
        kind: "divergence",
        who: subscriber,
        topic,
        detail: `${epoch}:${offset} is ${JSON.stringify(frame)}, to others ${JSON.stringify(known)}`,
      });
    }
  }

  /** A key stands for one publication: at one position of an epoch, whoever saw or acknowledged it. */
  noteKey(who: string, topic: string, epoch: string, offset: number, key: string): void {
    const { offsetByKey } = this.#recordOf(topic, epoch);
    const known = offsetByKey.get(key) ?? offset;
    offsetByKey.set(key, known);
    if (known === offset) return;
    const detail = `key ${key} stands at ${epoch}:${known} and at ${epoch}:${offset}`;
    this.violations.push({ kind: "repeated_key", who, topic, detail });
  }

  noteTop(topic: string, epoch: string, offset: number): void {
    const record = this.#recordOf(topic, epoch);
    record.top = Math.max(record.top, offset);
  }

  topOf(topic: string, epoch: string): number {
    return this.#recordOf(topic, epoch).top;
  }

  frameAt(topic: string, epoch: string, offset: number): ServerFrame | undefined {
    return this.#recordOf(topic, epoch).frames.get(offset);
  }

  #recordOf(topic: string, epoch: string): EpochRecord {
    const name = `${topic}\n${epoch}`;
    let record = this.#epochs.get(name);
    if (record === undefined) {
      record = { frames: new Map(), offsetByKey: new Map(), top: 0 };
      this.#epochs.set(name, record);
    }
    return record;
  }
}
