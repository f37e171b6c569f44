import { endOf } from "../auth/admitted.ts";
import { type Identity, isProof } from "../auth/identity.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { Failure } from "../core/failure.ts";
import type { Clock, Random, Scheduler, Timer } from "../core/ports.ts";
import type { Hub } from "../hub/hub.ts";
import type { Channel, Joined } from "../hub/ports.ts";
import { encodeError, encodeTopicState, encodeUnsubscribed, topicState } from "../protocol/encode.ts";
import { encodeEvent, encodeRetry } from "../protocol/event-stream.ts";
import type { SessionAuthentication } from "../session/authentication.ts";
import { sincePosition } from "../session/handshake.ts";
import { withPatience } from "../session/patience.ts";
import type { Requests } from "../session/requests.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import type { Admission } from "./admission.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import { CursorWalk } from "./cursor-walk.ts";
import { EventStream } from "./event-stream.ts";
import type { EventStreamFanOut } from "./event-stream-fan-out.ts";
import type { EventStreamRequest } from "./event-stream-request.ts";

export interface EventStreamOptions {
  readonly retryMs: number;
  readonly heartbeatMs: number;
  /** Bytes that a reader may be behind. */
  readonly backpressureLimitBytes: number;
}

export interface EventStreamPorts {
  readonly hub: Hub;
  readonly users: UserRegistry;
  readonly requests: Requests;
  readonly fanOut: EventStreamFanOut;
  readonly events: ConnectionEvents;
  /** Told whose connections are open. */
  readonly places: Pick<Admission, "opened" | "closed">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly authentication: Pick<SessionAuthentication, "access" | "seesMembers" | "admitted" | "clockSkewMs">;
  readonly errors: { add(code: ErrorCode): void };
}

/** How long a reader may be too far behind before it is disconnected: a burst is not a slow reader. */
const graceMs = 100;

const connectionIdLength = 20;

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // Proxies must pass every event on at once.
  "x-accel-buffering": "no",
};

/** A topic, and how the stream joined it. */
interface Joining {
  readonly topic: string;
  readonly answer: Joined;
}

/** All SSE connections of this process. */
export class EventStreamServer {
  readonly #options: EventStreamOptions;
  readonly #ports: EventStreamPorts;
  readonly #streams = new Set<EventStream>();
  #timer: Timer;

  constructor(options: EventStreamOptions, ports: EventStreamPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#timer = this.#scheduleBeat();
  }

  /** Connections open now. */
  get open(): number {
    return this.#streams.size;
  }

  connections(): Iterable<EventStream> {
    return this.#streams;
  }

  /** Each as one who may have to leave some of its topics. */
  *readers(): Iterable<{ reconsider(): void }> {
    for (const stream of this.#streams) yield { reconsider: () => this.#reconsider(stream) };
  }

  /** Opens a stream; its answer never ends until one side leaves. `client` is whom it is counted for. */
  accept(request: EventStreamRequest, client: string | null): Response {
    const { clock, events, random, users } = this.#ports;
    const id = random.token(connectionIdLength);
    const stream = new EventStream(
      id,
      request.userId,
      clock.now(),
      (ended) => this.#ended(ended),
      (told) => this.watch(told),
    );
    stream.client = client;
    this.#ports.places.opened(client);
    this.#streams.add(stream);
    stream.reader = request.reader;
    this.#admit(stream, request.reader);
    users.add(stream);
    events.opened("sse", id, request.userId);
    this.#open(stream, request);
    return new Response(stream.body, { headers });
  }

  /** It ends with what its reader proved. */
  #admit(stream: EventStream, identity: Identity): void {
    if (!isProof(identity)) return;
    const { authentication, clock } = this.#ports;
    const expiresAtMs = endOf(identity, clock.now(), authentication.clockSkewMs);
    stream.admittee = { identity, expiresAtMs, expiryBucket: 0, expire: () => stream.expire() };
    authentication.admitted.add(stream.admittee);
  }

  /** The answer while draining: an error would stop a browser's EventSource for good. */
  refuse(retryMs: number): Response {
    return new Response(encodeRetry(retryMs), { headers });
  }

  /** Call after a stream was given something. */
  watch(stream: EventStream): void {
    const { backpressureLimitBytes } = this.#options;
    const buffered = stream.bufferedBytes();
    if (buffered <= backpressureLimitBytes) return;
    if (buffered > 2 * backpressureLimitBytes) {
      this.#evict(stream);
      return;
    }
    stream.watch ??= this.#ports.scheduler.after(graceMs, () => {
      stream.watch = null;
      if (stream.bufferedBytes() > backpressureLimitBytes) this.#evict(stream);
    });
  }

  close(): void {
    this.#timer.cancel();
  }

  /** Tells every stream something that is no publication. */
  tellAll(type: string, data: string): void {
    this.#ports.fanOut.tellAll(type, data);
    for (const stream of this.#streams) if (stream.isOpening) stream.tell(type, data);
  }

  /** Waits for the topics that the broker makes wait, though not for long; those that take longer follow. */
  #open(stream: EventStream, request: EventStreamRequest): void {
    const { hub, scheduler } = this.#ports;
    stream.send(encodeRetry(this.#options.retryMs));
    const hold = hub.hold(request.topics);
    if (hold.ready === null) {
      this.#begin(stream, request);
      hold.release();
      return;
    }
    void withPatience(scheduler, hold.ready).then(() => {
      if (!stream.ended) this.#begin(stream, request);
      hold.release();
    });
  }

  /** Joins all topics in one block; what is published next reaches the stream through its group. */
  #begin(stream: EventStream, request: EventStreamRequest): void {
    const joinings: Joining[] = [];
    const refused: [string, Failure][] = [];
    let opened = false;
    let replayBytesLeft = this.#options.backpressureLimitBytes / 2;
    stream.replayBytesMax = replayBytesLeft;
    for (const topic of request.topics) {
      stream.topics.add(topic);
      const joined = (_channel: Channel, answer: Joined) => {
        for (const publication of answer.replay) replayBytesLeft -= publication.bytes;
        if (opened) this.#greet(stream, [{ topic, answer }]);
        else joinings.push({ topic, answer });
      };
      const since = sincePosition(request.since, topic);
      const result = this.#ports.hub.subscribe(stream, topic, since, joined, Math.max(0, replayBytesLeft));
      if (result instanceof Promise) void result.then((failure) => this.#refused(stream, topic, failure));
      else if (result !== null) refused.push([topic, result]);
    }
    opened = true;
    if (joinings.length < request.topics.length) stream.startCursor = startCursorOf(request);
    this.#greet(stream, joinings);
    stream.opened();
    for (const { topic, failure } of request.refused) this.#tellRefused(stream, topic, failure);
    for (const [topic, failure] of refused) this.#refused(stream, topic, failure);
  }

  /** Tells the stream where its new topics stand, sends what it missed, and puts it with its equals. */
  #greet(stream: EventStream, joinings: readonly Joining[]): void {
    const { fanOut } = this.#ports;
    for (const { topic } of joinings) stream.joined.add(topic);
    this.#place(stream);
    const group = stream.group;
    if (group === null) return;
    for (const { topic, answer } of joinings) {
      fanOut.reached(group, topic, answer.epoch, answer.offset);
    }
    // Its own cursor starts before the replay, so that a stream cut in its midst resumes there.
    const walk = group.walk.fork();
    for (const { topic, answer } of joinings) {
      walk.reached(topic, answer.epoch, answer.offset - answer.replay.length);
    }
    const states = joinings.map(({ topic, answer }) => `{${encodeTopicState(topicState(topic, answer))}}`);
    let text = encodeEvent("subscribed", walk.cursor || stream.startCursor, `[${states.join(",")}]`);
    for (const { topic, answer } of joinings) {
      for (const publication of answer.replay) {
        walk.reached(topic, answer.epoch, publication.offset);
        text += encodeEvent(publication.type, walk.cursor, publication.frame);
      }
    }
    stream.send(text);
  }

  /** Ends what its reader may not read any more. */
  #reconsider(stream: EventStream): void {
    if (stream.ended) return;
    const { authentication, hub } = this.#ports;
    for (const topic of [...stream.topics]) {
      if (authentication.access(stream.reader, "subscribe", topic) === null) continue;
      stream.topics.delete(topic);
      hub.unsubscribe(stream, topic);
      if (stream.joined.delete(topic)) this.#place(stream);
      stream.tell("unsubscribed", encodeUnsubscribed(undefined, topic, "forbidden"));
    }
    // Whom it may see among the readers of the others may be another thing, too.
    if (!stream.isOpening) this.#place(stream);
  }

  /** Puts it with those that read what it has joined, and see as much of each other. */
  #place(stream: EventStream): void {
    const { authentication, fanOut } = this.#ports;
    fanOut.place(stream, stream.joined, (topic) => authentication.seesMembers(stream.reader, topic));
  }

  #refused(stream: EventStream, topic: string, failure: Failure | null): void {
    // It may have been told already that it may not read it.
    if (failure === null || stream.ended || !stream.topics.delete(topic)) return;
    this.#tellRefused(stream, topic, failure);
  }

  #tellRefused(stream: EventStream, topic: string, failure: Failure): void {
    this.#ports.errors.add(failure.code);
    const error = encodeError(undefined, failure.code, failure.message, topic);
    stream.send(encodeEvent("error", stream.cursor, error));
  }

  #evict(stream: EventStream): void {
    stream.evictedFor = "backpressure";
    stream.abort();
  }

  #ended(stream: EventStream): void {
    const { clock, events, fanOut, hub, requests, users } = this.#ports;
    fanOut.remove(stream);
    for (const topic of stream.topics) hub.unsubscribe(stream, topic);
    this.#streams.delete(stream);
    this.#ports.places.closed(stream.client);
    if (stream.admittee !== null) this.#ports.authentication.admitted.remove(stream.admittee);
    users.remove(stream);
    requests.left(stream);
    events.ended({
      transport: "sse",
      connectionId: stream.id,
      userId: stream.userId,
      code: null,
      reason: "",
      evictedFor: stream.evictedFor,
      durationMs: clock.now() - stream.openedAt,
    });
  }

  #scheduleBeat(): Timer {
    return this.#ports.scheduler.after(this.#options.heartbeatMs, () => {
      this.#timer = this.#scheduleBeat();
      this.#ports.fanOut.beat();
    });
  }
}

/** Where its topics are before any of them is joined: where the reader resumes them, or else nowhere. */
function startCursorOf({ topics, since }: EventStreamRequest): string {
  const walk = new CursorWalk(topics);
  for (const topic of topics) {
    const position = since?.positionOf(topic);
    if (position !== undefined) walk.reached(topic, position.epoch, position.offset);
  }
  return walk.cursor;
}
