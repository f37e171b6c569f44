import type { PresenceTable } from "../../hub/presence.ts";

/** Members of one topic whose counts are to be written: all at once, or a part of them. */
export interface MemberChunk {
  readonly topic: string;
  readonly userIds: readonly string[];
  /** Nobody is to be told that they came: they had been there before Redis lost its data. */
  readonly quiet: boolean;
}

/** What one step writes at most, so that neither Redis nor this process is held up. */
const stepPairs = 500;
const stepTopics = 128;

/** Members whose counts have changed, each once. */
export class MemberMarks {
  /** Null: none but the number of the topic's connections has changed. */
  readonly #topics = new Map<string, Set<string> | null>();
  #size = 0;

  /** Topics and members. */
  get size(): number {
    return this.#size;
  }

  hasTopic(topic: string): boolean {
    return this.#topics.has(topic);
  }

  has(topic: string, userId: string): boolean {
    return this.#topics.get(topic)?.has(userId) === true;
  }

  mark(topic: string, userId: string | null): void {
    let userIds = this.#topics.get(topic);
    if (userIds === undefined) {
      userIds = null;
      this.#topics.set(topic, null);
      this.#size++;
    }
    if (userId === null) return;
    if (userIds === null) {
      userIds = new Set();
      this.#topics.set(topic, userIds);
    }
    this.#size -= userIds.size;
    userIds.add(userId);
    this.#size += userIds.size;
  }

  markAll({ topic, userIds }: MemberChunk): void {
    this.mark(topic, null);
    for (const userId of userIds) this.mark(topic, userId);
  }

  /** Takes everything out of another one. */
  moveFrom(other: MemberMarks): void {
    for (const [topic, userIds] of other.#topics) {
      this.markAll({ topic, userIds: [...(userIds ?? [])], quiet: false });
    }
    other.clear();
  }

  /** Takes out as much as one step writes; a topic is among it once. */
  take(): MemberChunk[] {
    const chunks: MemberChunk[] = [];
    let room = stepPairs;
    for (const [topic, marked] of this.#topics) {
      if (chunks.length === stepTopics || room <= 0) break;
      const userIds = marked === null ? [] : takeFrom(marked, room);
      chunks.push({ topic, userIds, quiet: false });
      room -= userIds.length + 1;
      this.#size -= userIds.length;
      if (marked !== null && marked.size > 0) continue;
      this.#topics.delete(topic);
      this.#size--;
    }
    return chunks;
  }

  clear(): void {
    this.#topics.clear();
    this.#size = 0;
  }
}

/** Takes so many out of a set, those first that came first. */
export function takeFrom(userIds: Set<string>, count: number): string[] {
  const taken: string[] = [];
  for (const userId of userIds) {
    if (taken.length === count) break;
    taken.push(userId);
    userIds.delete(userId);
  }
  return taken;
}

/** All members of topics, a step at a time. */
export class MemberWalk {
  readonly quiet: boolean;
  readonly #members: Iterator<readonly [topic: string, userId: string | null]>;

  constructor(table: PresenceTable, topics: Iterable<string>, quiet: boolean) {
    this.quiet = quiet;
    this.#members = membersOf(table, topics);
  }

  /** As much as one step writes, without those that are to be left out; nothing: it is at its end. */
  take(isLeftOut: (topic: string, userId: string) => boolean): MemberChunk[] {
    const chunks: { topic: string; userIds: string[]; quiet: boolean }[] = [];
    for (let room = stepPairs; room > 0 && chunks.length < stepTopics; room--) {
      const next = this.#members.next();
      if (next.done === true) break;
      const [topic, userId] = next.value;
      let chunk = chunks.at(-1);
      if (chunk?.topic !== topic) {
        chunk = { topic, userIds: [], quiet: this.quiet };
        chunks.push(chunk);
      }
      if (userId !== null && !isLeftOut(topic, userId)) chunk.userIds.push(userId);
    }
    return chunks;
  }
}

function* membersOf(
  table: PresenceTable,
  topics: Iterable<string>,
): Generator<readonly [topic: string, userId: string | null], undefined> {
  for (const topic of topics) {
    yield [topic, null];
    for (const userId of table.of(topic).members.keys()) yield [topic, userId];
  }
}
