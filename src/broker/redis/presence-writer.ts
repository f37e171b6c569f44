import type { Scheduler, Timer } from "../../core/ports.ts";
import { PresenceTable } from "../../hub/presence.ts";
import { type MemberChunk, MemberMarks, MemberWalk } from "./presence-members.ts";
import type { PresenceStore, Sighting, TopicCounts } from "./presence-store.ts";

export interface PresenceWriterPorts {
  readonly store: PresenceStore;
  readonly scheduler: Scheduler;
  /** Whether the others can know of this node by now. */
  readonly mayWrite: () => boolean;
  /** Channel on which members of a topic are told of; "": they are not. */
  readonly channelOf: (topic: string) => string;
  /** Nodes that were in a topic to which this one came. */
  readonly onMet: (sightings: readonly Sighting[]) => void;
}

/** What changes is gathered for so long: a page that is loaded anew is no change. */
const gatherMs = 200;
/** What could not be written is tried again, should Redis not have been out of reach. */
const retryMs = 1000;
/** Changes that wait for Redis at most. */
const marksMax = 500_000;

/**
 * Writes the counts of this node to Redis, one step after the other: what has changed first, then what has to be
 * written anew as Redis may not know it any more.
 */
export class PresenceWriter {
  readonly #ports: PresenceWriterPorts;
  #table: PresenceTable;
  readonly #gathered = new MemberMarks();
  readonly #due = new MemberMarks();
  /** What failed, and is tried again later. */
  readonly #failed = new MemberMarks();
  readonly #failedQuietly = new Set<string>();
  /** What may still be carried out after what is written later: it has been sent, and never answered. */
  readonly #uncertain = new MemberMarks();
  #walks: MemberWalk[] = [];
  #overflowed = false;
  #gatherTimer: Timer | null = null;
  #retryTimer: Timer | null = null;
  #running: Promise<void> | null = null;

  constructor(table: PresenceTable, ports: PresenceWriterPorts) {
    this.#table = table;
    this.#ports = ports;
  }

  /** The count of a user in a topic, or that of nameless connections, has changed. */
  mark(topic: string, userId: string | null): void {
    if (this.#gathered.size + this.#due.size >= marksMax) {
      this.#overflowed = true;
      return;
    }
    this.#gathered.mark(topic, userId);
    this.#gatherTimer ??= this.#ports.scheduler.after(gatherMs, () => {
      this.#gatherTimer = null;
      this.#due.moveFrom(this.#gathered);
      void this.#run();
    });
  }

  /** Whether Redis should know the topic as it is here. */
  isSettled(topic: string): boolean {
    if (this.#walks.length > 0) return false;
    return ![this.#gathered, this.#due, this.#failed].some((marks) => marks.hasTopic(topic));
  }

  /** Writes everything anew. */
  restore(quiet: boolean): void {
    this.#walks = [new MemberWalk(this.#table, this.#table.topics(), quiet)];
    this.#failedQuietly.clear();
    this.#due.moveFrom(this.#failed);
    void this.#run();
  }

  /** Writes some topics anew, without telling who came. */
  restoreTopics(topics: Iterable<string>): void {
    this.#walks.push(new MemberWalk(this.#table, topics, true));
    void this.#run();
  }

  /** Writes anew what may have been overtaken by something that was sent before it. */
  repeatUncertain(): void {
    this.#due.moveFrom(this.#uncertain);
    void this.#run();
  }

  /** Writes that nobody is here any more; resolves when Redis knows, or cannot be told. */
  async leave(): Promise<void> {
    const left = this.#table;
    this.#table = new PresenceTable();
    this.#stopTimers();
    for (const marks of [this.#gathered, this.#failed, this.#uncertain]) this.#due.moveFrom(marks);
    this.#walks = [new MemberWalk(left, left.topics(), false)];
    await this.#run();
  }

  get #hasWork(): boolean {
    return this.#due.size > 0 || this.#walks.length > 0;
  }

  get #canGoOn(): boolean {
    return this.#hasWork && this.#ports.mayWrite();
  }

  #run(): Promise<void> {
    if (!this.#canGoOn) return this.#running ?? Promise.resolve();
    this.#running ??= this.#steps().then(() => {
      this.#running = null;
      return this.#run();
    });
    return this.#running;
  }

  /** One step at a time: what is written later is carried out later. */
  async #steps(): Promise<void> {
    while (this.#canGoOn) {
      const chunks = this.#takeStep();
      if (chunks.length > 0) await this.#write(chunks);
      if (!this.#hasWork && this.#overflowed) {
        this.#overflowed = false;
        this.#walks.push(new MemberWalk(this.#table, this.#table.topics(), false));
      }
    }
  }

  #takeStep(): MemberChunk[] {
    if (this.#due.size > 0) return this.#due.take();
    const walk = this.#walks[0]!;
    // Who has just come is told of by what was gathered.
    const isLeftOut = (topic: string, userId: string) => walk.quiet && this.#gathered.has(topic, userId);
    const chunks = walk.take(isLeftOut);
    if (chunks.length === 0 && this.#walks[0] === walk) this.#walks.shift();
    return chunks;
  }

  async #write(chunks: readonly MemberChunk[]): Promise<void> {
    const { failed, met } = await this.#ports.store.write(chunks.map((chunk) => this.#count(chunk)));
    for (const index of failed) this.#keepForLater(chunks[index]!);
    if (failed.length > 0) {
      this.#retryTimer ??= this.#ports.scheduler.after(retryMs, () => this.#retry());
    }
    if (met.length > 0) this.#ports.onMet(met);
  }

  #count({ topic, userIds, quiet }: MemberChunk): TopicCounts {
    return {
      topic,
      channel: quiet ? "" : this.#ports.channelOf(topic),
      connections: this.#table.connectionsIn(topic),
      members: userIds.map((userId) => [userId, this.#table.connectionsOf(topic, userId)]),
    };
  }

  #keepForLater(chunk: MemberChunk): void {
    if (this.#uncertain.size < marksMax) this.#uncertain.markAll(chunk);
    if (chunk.quiet) this.#failedQuietly.add(chunk.topic);
    else this.#failed.markAll(chunk);
  }

  #retry(): void {
    this.#retryTimer = null;
    this.#due.moveFrom(this.#failed);
    if (this.#failedQuietly.size > 0) {
      this.#walks.push(new MemberWalk(this.#table, [...this.#failedQuietly], true));
      this.#failedQuietly.clear();
    }
    void this.#run();
  }

  #stopTimers(): void {
    for (const timer of [this.#gatherTimer, this.#retryTimer]) timer?.cancel();
  }
}
