import type { Publication } from "../../core/publication.ts";
import { takePage } from "../../hub/take-page.ts";
import type { LogBounds } from "../../hub/topic-log.ts";
import { type KeepRule, KeptPublications } from "../kept-publications.ts";
import type { HistoryPage, HistoryQuery, KeptPublication } from "../port.ts";
import { decodeKept, decodeLine } from "./codec.ts";
import type { Keys } from "./keys.ts";
import type { RedisConnection } from "./ports.ts";
import type { Reading, TopicReader } from "./topic-reader.ts";

export interface HistoryPorts {
  readonly connection: RedisConnection;
  readonly reader: TopicReader;
  readonly keys: Keys;
  readonly boundsOf: (topic: string) => LogBounds;
  readonly keepRules: Readonly<Record<string, KeepRule>>;
}

/**
 * Reads pages of history. Those who ask for the same page at the same time, as after a reconnect storm, share one
 * read. Every call rejects with `RedisUnavailable` while Redis is out of reach.
 */
export class HistoryReader {
  readonly #ports: HistoryPorts;
  readonly #underWay = new Map<string, Promise<HistoryPage>>();

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
  }

  page(query: HistoryQuery): Promise<HistoryPage> {
    const { topic, limit, bytesMax, since, reverse } = query;
    const name = [topic, limit, bytesMax, since?.epoch, since?.offset, reverse].join(" ");
    const known = this.#underWay.get(name);
    if (known !== undefined) return known;
    const page = this.#read(query).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, page);
    return page;
  }

  /** Those that are kept of a topic, oldest first. */
  async kept(topic: string): Promise<readonly KeptPublication[]> {
    const { connection, keepRules, keys } = this.#ports;
    const count = keepRules[topic]?.count ?? 0;
    if (count === 0) return [];
    const key = keys.kept(topic);
    const texts = (await connection.command(key, "LRANGE", key, String(-count), "-1")) as string[];
    return texts.flatMap((text) => {
      const decoded = decodeKept(topic, text);
      return decoded === null ? [] : [{ epoch: decoded.epoch, publication: decoded.received.publication }];
    });
  }

  async #read(query: HistoryQuery): Promise<HistoryPage> {
    const { limit, bytesMax, since } = query;
    const reading = await this.#ports.reader.read(query.topic, null, {
      from: since ?? "newest",
      // A page from the oldest held passes over what is beyond the bounds and not yet gone.
      publications: since === undefined ? limit : limit + this.#ports.boundsOf(query.topic).size,
      bytes: bytesMax + slackBytes,
    });
    const held = this.#held(query.topic, reading);
    const publications = since === undefined ? newest(held, query) : oldest(held, query, reading);
    const page = { epoch: reading.epoch, offset: reading.offset, publications };
    return since === undefined ? this.#withKept(query, page) : page;
  }

  /** What the bounds of the topic leave of the entries; they may be larger, as they are trimmed now and then. */
  #held(topic: string, { entries, offset: top }: Reading): Publication[] {
    const { size, ageMs } = this.#ports.boundsOf(topic);
    const oldestTs = this.#ports.connection.now() - ageMs;
    const held: Publication[] = [];
    for (const { last, lines } of entries) {
      for (const [index, line] of lines.entries()) {
        const offset = last - lines.length + 1 + index;
        const received = offset > top - size ? decodeLine(topic, line, offset) : null;
        if (received === null || received.publication.ts <= oldestTs) held.length = 0;
        else held.push(received.publication);
      }
    }
    return held;
  }

  async #withKept(query: HistoryQuery, page: HistoryPage): Promise<HistoryPage> {
    const rule = this.#ports.keepRules[query.topic];
    if (rule?.inHistory !== true || page.publications.length >= query.limit) return page;
    const kept = new KeptPublications({ [query.topic]: rule });
    for (const { epoch, publication } of await this.kept(query.topic))
      kept.add(query.topic, epoch, publication);
    const more = kept.newest(query, page);
    return more.length > page.publications.length ? { ...page, publications: more } : page;
  }
}

/** Entries are as large as a batch: the one that crosses a page's bound is read whole. */
const slackBytes = 64 * 1024;

function newest(held: readonly Publication[], query: HistoryQuery): Publication[] {
  const page = takePage(held.toReversed(), query);
  return query.reverse === true ? page : page.reverse();
}

function oldest(held: readonly Publication[], query: HistoryQuery, { epoch }: Reading): Publication[] {
  const after = query.since?.epoch === epoch ? query.since.offset : 0;
  const page = takePage(
    held.filter(({ offset }) => offset > after),
    query,
  );
  return query.reverse === true ? page.reverse() : page;
}
