import { AcknowledgementJudge } from "./acknowledgement-judge.ts";
import { judgeEnds } from "./final-judge.ts";
import type { AcknowledgedPublish, LogEntry, Position, Violation } from "./log.ts";
import { PublicationLedger } from "./publication-ledger.ts";
import { SubscriberJudge } from "./subscriber-judge.ts";

export interface HistoryOptions {
  /**
   * Whether whoever is connected at the end of its log had the time to receive everything. Default true;
   * false leaves out what can only be said then: the newest publications, and who is in a stale epoch.
   */
  readonly settled?: boolean;
  /** Topics whose recent publications follow a bare `welcome`. Default: notifications. */
  readonly recentTopics?: readonly string[];
}

export interface HistoryReport {
  readonly violations: readonly Violation[];
  /** How often a subscriber was told `recovered: false`: no violation, but a test may want none. */
  readonly breaks: number;
  /** Publications received by all subscribers together. */
  readonly deliveries: number;
  /** All epochs that a subscriber was in or an ack named, over all topics. */
  readonly epochs: number;
}

/** What one subscriber sees, told to the judge as it happens. */
export interface Witness {
  take(entry: LogEntry): void;
  /** The position reached in a topic, where a client would resume; null: none yet. */
  reached(topic: string): Position | null;
}

/** Judges while it happens, so that a run of any length needs no memory for all that was received. */
export class HistoryJudge {
  readonly #settled: boolean;
  readonly #recentTopics: ReadonlySet<string>;
  readonly #ledger = new PublicationLedger();
  readonly #subscribers: SubscriberJudge[] = [];

  constructor({ settled = true, recentTopics = ["notifications"] }: HistoryOptions = {}) {
    this.#settled = settled;
    this.#recentTopics = new Set(recentTopics);
  }

  witness(subscriber: string): Witness {
    const judge = new SubscriberJudge(subscriber, this.#ledger, this.#recentTopics);
    this.#subscribers.push(judge);
    return judge;
  }

  /** The newest position of an epoch that anybody has seen. */
  topOf(topic: string, epoch: string): number {
    return this.#ledger.topOf(topic, epoch);
  }

  /** To be asked once, at the end. */
  report(acks: readonly AcknowledgedPublish[]): HistoryReport {
    const stretches = this.#subscribers.flatMap((judge) => judge.stretches);
    const acknowledgements = new AcknowledgementJudge(this.#ledger);
    for (const ack of acks) acknowledgements.take(ack);
    for (const ack of acks) acknowledgements.judgeContent(ack);
    acknowledgements.judgeDeliveries(acks, stretches, this.#settled);
    return {
      violations: [
        ...this.#subscribers.flatMap((judge) => judge.violations),
        ...this.#ledger.violations,
        ...acknowledgements.violations,
        ...(this.#settled ? judgeEnds(stretches, acks, this.#ledger) : []),
      ],
      breaks: this.#subscribers.reduce((total, judge) => total + judge.breaks, 0),
      deliveries: stretches.reduce((total, stretch) => total + stretch.seen.size, 0),
      epochs: this.#ledger.epochs,
    };
  }
}
