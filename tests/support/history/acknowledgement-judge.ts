import type { AcknowledgedPublish, Stretch, Violation, ViolationKind } from "./log.ts";
import type { PublicationLedger } from "./publication-ledger.ts";

/** Judges the acks among themselves and against what was seen: an ack names a position and keeps its word. */
export class AcknowledgementJudge {
  readonly violations: Violation[] = [];
  readonly #ledger: PublicationLedger;
  readonly #holders = new Map<string, AcknowledgedPublish>();
  readonly #newest = new Map<string, AcknowledgedPublish>();
  readonly #keysUsed = new Map<string, Set<string>>();

  constructor(ledger: PublicationLedger) {
    this.#ledger = ledger;
  }

  take(ack: AcknowledgedPublish): void {
    const isRetry = this.#noteKey(ack);
    this.#ledger.noteTop(ack.topic, ack.epoch, ack.offset);
    this.#judgeCollision(ack);
    if (!isRetry) this.#judgeOrder(ack);
  }

  /** After all subscribers' logs have been read. */
  judgeContent(ack: AcknowledgedPublish): void {
    const frame = this.#ledger.frameAt(ack.topic, ack.epoch, ack.offset);
    if (frame === undefined) return;
    const published = { type: ack.event, message: ack.message, data: ack.data, key: ack.key };
    for (const [field, value] of Object.entries(published)) {
      if (value === undefined || Bun.deepEquals(frame[field], value, true)) continue;
      const detail = `${field} is ${JSON.stringify(frame[field])}, published was ${JSON.stringify(value)}`;
      this.#report("ack_mismatch", ack, detail);
    }
  }

  /** Every stretch that spans an acknowledged position must have received it. */
  judgeDeliveries(
    acks: readonly AcknowledgedPublish[],
    stretches: readonly Stretch[],
    settled: boolean,
  ): void {
    const byEpoch = Map.groupBy(stretches, ({ topic, epoch }) => `${topic}\n${epoch}`);
    for (const ack of acks) {
      for (const stretch of byEpoch.get(`${ack.topic}\n${ack.epoch}`) ?? []) {
        const isDue = ack.offset <= stretch.last || (stretch.open && settled);
        if (ack.offset > stretch.from && isDue && !stretch.seen.has(ack.offset)) {
          this.#report("lost_ack", ack, `${stretch.subscriber} never got it`);
        }
      }
    }
  }

  /** @returns whether this publish repeats a key, so that its position is that of the first. */
  #noteKey(ack: AcknowledgedPublish): boolean {
    if (ack.key === undefined) return false;
    const scope = `${ack.topic}\n${ack.epoch}`;
    const used = this.#keysUsed.get(scope) ?? new Set();
    this.#keysUsed.set(scope, used);
    const isRetry = used.has(ack.key);
    used.add(ack.key);
    this.#ledger.noteKey(ack.publisher, ack.topic, ack.epoch, ack.offset, ack.key);
    return isRetry;
  }

  #judgeCollision(ack: AcknowledgedPublish): void {
    const place = `${ack.topic}\n${ack.epoch}\n${ack.offset}`;
    const holder = this.#holders.get(place);
    if (holder === undefined) this.#holders.set(place, ack);
    else if (ack.key === undefined || ack.key !== holder.key) {
      this.#report("ack_collision", ack, `${holder.publisher} was given that position too`);
    }
  }

  #judgeOrder(ack: AcknowledgedPublish): void {
    const lane = `${ack.publisher}\n${ack.topic}\n${ack.epoch}`;
    const newest = this.#newest.get(lane);
    if (newest === undefined || ack.offset > newest.offset) this.#newest.set(lane, ack);
    else this.#report("ack_disorder", ack, `acknowledged after ${newest.epoch}:${newest.offset}`);
  }

  #report(kind: ViolationKind, ack: AcknowledgedPublish, detail: string): void {
    this.violations.push({
      kind,
      who: ack.publisher,
      topic: ack.topic,
      detail: `${ack.epoch}:${ack.offset}: ${detail}`,
    });
  }
}
