import { HistoryJudge, type HistoryReport } from "../../support/history/history-judge.ts";
import { assertKept, type Position, type ServerFrame } from "../../support/history-checker.ts";
import { until } from "../../support/until.ts";
import { LoadPublisher } from "./load-publisher.ts";
import { LoadSubscriber } from "./load-subscriber.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface LoadOptions {
  /** One for each server that is to have publishers and subscribers of its own. */
  readonly urls: readonly string[];
  readonly random: SeededRandom;
  readonly topics?: readonly string[];
  /** For each server. */
  readonly subscribers?: number;
  /** Of all publishers together; there is one for each server. */
  readonly ratePerSecond?: number;
  readonly onPublish?: (tag: string) => void;
  readonly onPublication?: (frame: ServerFrame) => void;
}

export interface LoadReport extends HistoryReport {
  readonly acknowledged: number;
  readonly refusals: number;
  readonly losses: number;
  readonly slowestAnswerMs: number;
}

/** Topics of a load that names none. */
export const loadTopics = ["news", "sport", "weather"] as const;

const patienceMs = 20_000;
/** A publication that comes late, or twice, has this long to show itself. */
const lingerMs = 200;

/** Publishers and subscribers of some servers, and the judge who watches them all. */
export class Load {
  readonly publishers: readonly LoadPublisher[];
  readonly subscribers: readonly LoadSubscriber[];
  readonly #topics: readonly string[];
  readonly #judge = new HistoryJudge();

  private constructor(options: LoadOptions) {
    const { urls, random, topics = loadTopics, subscribers = 2 } = options;
    const { ratePerSecond = 1_000, onPublish, onPublication } = options;
    this.#topics = topics;
    this.subscribers = urls.flatMap((_, node) =>
      Array.from({ length: subscribers }, (_, index) => {
        const witness = this.#judge.witness(`subscriber ${index} of node ${node}`);
        return new LoadSubscriber({ urls, topics, witness, random, onPublication }, node);
      }),
    );
    const share = ratePerSecond / urls.length;
    this.publishers = urls.map((_, node) => {
      const name = `publisher${node}`;
      return new LoadPublisher({ name, urls, topics, ratePerSecond: share, random, onPublish }, node);
    });
  }

  /** Resolves when everybody is connected and follows everything. */
  static async start(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    try {
      await load.untilLive();
    } catch (error) {
      load.close();
      throw error;
    }
    return load;
  }

  async untilLive(): Promise<void> {
    await until(() => this.subscribers.every(({ isLive }) => isLive), patienceMs, "everybody subscribed");
  }

  /** From now until each publisher has an acknowledgement, or each of those given. Milliseconds. */
  async untilAcknowledging(publishers = this.publishers): Promise<number> {
    const since = performance.now();
    const areBack = () => publishers.every(({ lastAckAt }) => lastAckAt >= since);
    await until(areBack, patienceMs, "an acknowledgement to every publisher");
    return performance.now() - since;
  }

  /** Breaks that subscribers were told of in their live streams, all together. */
  get breaksTold(): number {
    return this.subscribers.reduce((sum, { breaksTold }) => sum + breaksTold, 0);
  }

  /** Publishes that were answered `unavailable` or `draining`. */
  get refusals(): number {
    return this.publishers.reduce((sum, { refusals }) => sum + refusals, 0);
  }

  /** Topics of which something was acknowledged since a time of `performance.now()`. */
  topicsAcknowledgedSince(sinceMs: number): string[] {
    return this.#topics.filter((topic) => this.publishers.some((one) => one.lastAckOf(topic) >= sinceMs));
  }

  /** Until so many more publications have been acknowledged; less patience than they could need fails. */
  async untilMoreAcknowledged(count: number): Promise<void> {
    const total = () => this.publishers.reduce((sum, { acknowledgedCount }) => sum + acknowledgedCount, 0);
    const goal = total() + count;
    await until(() => total() >= goal, patienceMs, `${count} more acknowledgements`);
  }

  /**
   * Stops publishing, waits until everything is acknowledged and has reached everybody, and judges.
   * @throws Error where a promise was broken, or a client got an answer that it should not.
   */
  async finish(): Promise<LoadReport> {
    try {
      for (const publisher of this.publishers) publisher.stop();
      const isAcknowledged = () => this.publishers.every(({ unacknowledged }) => unacknowledged === 0);
      await until(isAcknowledged, patienceMs, "the acknowledgement of everything");
      const acks = this.publishers.flatMap((publisher) => publisher.acknowledged);
      // Who has not got everything by then is for the judge to name.
      await until(() => this.#isDelivered(), patienceMs).catch(() => {});
      await Bun.sleep(lingerMs);
      const report = assertKept(this.#judge.report(acks));
      const complaints = [...this.publishers, ...this.subscribers].flatMap((client) => client.complaints);
      if (complaints.length > 0)
        throw new Error(`unexpected answers:\n${complaints.slice(0, 10).join("\n")}`);
      return {
        ...report,
        acknowledged: acks.length,
        refusals: this.refusals,
        losses: this.subscribers.reduce((sum, { losses }) => sum + losses, 0),
        slowestAnswerMs: Math.max(...this.publishers.map(({ slowestAnswerMs }) => slowestAnswerMs)),
      };
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const client of [...this.publishers, ...this.subscribers]) client.close();
  }

  /** Everybody stands at one position of each topic, and nobody was acknowledged anything behind it. */
  #isDelivered(): boolean {
    return this.#topics.every((topic) => {
      const newest = this.#newestAck(topic);
      return this.subscribers.every((subscriber) => {
        const reached = subscriber.isLive ? subscriber.reached(topic) : null;
        if (reached === null) return false;
        const isBehind = newest !== null && reached.epoch === newest.epoch && reached.offset < newest.offset;
        return !isBehind && reached.offset >= this.#judge.topOf(topic, reached.epoch);
      });
    });
  }

  #newestAck(topic: string): Position | null {
    return this.publishers.reduce<Position | null>((newest, publisher) => {
      const ack = publisher.newestOf(topic);
      if (ack === null) return newest;
      if (newest?.epoch === ack.epoch && newest.offset > ack.offset) return newest;
      return ack;
    }, null);
  }
}
