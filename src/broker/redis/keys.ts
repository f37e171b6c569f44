/**
 * Names of what is in Redis. A topic's keys and its channel have the topic as their hash tag, so that a Redis
 * Cluster keeps them in one slot. Topic names have no braces: none can reach into another's keys. What is no
 * topic's begins with `//` there, as no topic and no user id does: who reads a topic called `nodes` must not hear
 * what the nodes tell each other.
 */
export class Keys {
  readonly #prefix: string;

  /** `prefix` goes before every key and channel; it has no braces. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Hash: where the topic stands. It is the name of the topic's channel as well. */
  position(topic: string): string {
    return `${this.#prefix}{${topic}}`;
  }

  channel(topic: string): string {
    return this.position(topic);
  }

  topicOfChannel(channel: string): string {
    return channel.slice(this.#prefix.length + 1, -1);
  }

  /** Stream of batches; the id of each is the offset of its last publication. */
  stream(topic: string): string {
    return `${this.#prefix}{${topic}}:s`;
  }

  /** Hash: idempotency keys and their offsets. */
  idempotency(topic: string): string {
    return `${this.#prefix}{${topic}}:k`;
  }

  /** Sorted set: idempotency keys by the time at which they were used. */
  idempotencyAge(topic: string): string {
    return `${this.#prefix}{${topic}}:ka`;
  }

  /** What a topic's order is kept in, as the scripts take it: position, stream, idempotency keys, their ages. */
  order(topic: string): string[] {
    return [this.position(topic), this.stream(topic), this.idempotency(topic), this.idempotencyAge(topic)];
  }

  /** List: the last publications that are kept whatever their age. */
  kept(topic: string): string {
    return `${this.#prefix}{${topic}}:r`;
  }

  /** Hash: who is in the topic, and on which nodes. */
  presence(topic: string): string {
    return `${this.#prefix}{${topic}}:p`;
  }

  /** Hash: the nodes of the cluster. */
  get nodes(): string {
    return `${this.#prefix}nodes`;
  }

  /** Sorted set: what was revoked, by the time at which it may be forgotten. */
  get revocations(): string {
    return `${this.#prefix}revocations`;
  }

  /** Channel of messages to one node. */
  inbox(nodeId: string): string {
    return `${this.#prefix}{//node:${nodeId}}`;
  }

  /** Channel of messages to all nodes. */
  get allNodes(): string {
    return `${this.#prefix}{//nodes}`;
  }

  /** String: there while a turn of something that the whole cluster does once is taken. */
  turn(name: string): string {
    return `${this.#prefix}turn:${name}`;
  }

  /** Integer: how many turns of it there were. */
  turns(name: string): string {
    return `${this.#prefix}turns:${name}`;
  }

  /** Channel on which a node hears itself, to know that messages arrive; `tag` chooses the slot. */
  canary(nodeId: string, tag = ""): string {
    return `${this.#prefix}{//canary:${nodeId}${tag}}`;
  }

  /** Pattern of the positions of topics whose names begin with `topicPrefix`. */
  positionsPattern(topicPrefix: string): string {
    return `${escapePattern(this.#prefix)}{${escapePattern(topicPrefix)}*}`;
  }
}

/** Takes the meaning of the characters that Redis' patterns know. */
function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
