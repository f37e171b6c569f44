import { afterEach, describe, expect, test } from "bun:test";
import { openIdentity } from "../../../src/auth/identity.ts";
import { parseCursor } from "../../../src/core/cursor.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { PublishRequest } from "../../../src/core/publication.ts";
import { Requests } from "../../../src/session/requests.ts";
import { UserRegistry } from "../../../src/session/user-registry.ts";
import { EventStreamFanOut } from "../../../src/transport/event-stream-fan-out.ts";
import { EventStreamServer } from "../../../src/transport/event-stream-server.ts";
import { AsyncBroker, HeldWire } from "../../support/async-broker.ts";
import { openAuthentication } from "../../support/open-authentication.ts";
import { createHub } from "../hub/model/hub-harness.ts";

const outOfReach = new Failure("unavailable", "The broker is out of reach.");

interface Event {
  readonly type: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the wire format gives.
  readonly data: any;
}

const readerOf = (body: ReadableStream<Uint8Array>) => body.getReader();

const readers: ReturnType<typeof readerOf>[] = [];
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.cancel();
});

/** An event stream as its client sees it. */
class Reader {
  readonly #reader: ReturnType<typeof readerOf>;
  #text = "";

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = readerOf(body);
    readers.push(this.#reader);
    void this.#read();
  }

  /** The events that arrived since the last call. */
  async take(): Promise<Event[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const blocks = this.#text.split("\n\n").filter((block) => block.startsWith("event: "));
    this.#text = "";
    return blocks.map((block) => {
      const [, type] = /^event: (.*)$/m.exec(block)!;
      const [, data] = /^data: (.*)$/m.exec(block)!;
      return { type: type!, id: /^id: (.*)$/m.exec(block)?.[1], data: JSON.parse(data!) };
    });
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  async #read(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      this.#text += Buffer.from(value).toString();
    }
  }
}

function start(backpressureLimitBytes = 1024 * 1024) {
  const wires = { calls: new HeldWire(), answers: new HeldWire(), news: new HeldWire() };
  let broker!: AsyncBroker;
  const counters = { deliveries: { websocket: 0, sse: 0 }, bytesSent: { websocket: 0, sse: 0 } };
  let fanOut!: EventStreamFanOut;
  const { hub, clock, scheduler, random } = createHub({
    connect(create, sink) {
      broker = new AsyncBroker(create, sink, wires);
      return broker;
    },
    fanOuts: (ports) => {
      fanOut = new EventStreamFanOut(counters, ports.scheduler, () => {});
      return [fanOut];
    },
  });
  const users = new UserRegistry();
  const server = new EventStreamServer(
    { retryMs: 2000, heartbeatMs: 15_000, backpressureLimitBytes },
    {
      hub,
      users,
      requests: new Requests(scheduler),
      authentication: openAuthentication({ clock, scheduler }),
      fanOut,
      events: { opened: () => {}, ended: () => {} },
      places: { opened: () => {}, closed: () => {} },
      clock,
      scheduler,
      random,
      errors: { add: () => {} },
    },
  );
  const arrive = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    while (wires.calls.held + wires.answers.held + wires.news.held > 0) {
      await wires.calls.release();
      await wires.news.release();
      await wires.answers.release();
    }
    scheduler.settle();
  };
  const publish = async (topic: string, more: Partial<PublishRequest> = {}) => {
    const outcome = hub.publish({ topic, event: "m", message: "m", store: true, ...more });
    await arrive();
    const settled = await outcome;
    if (!(settled instanceof Object) || settled instanceof Failure) throw new Error("not published");
    return settled;
  };
  const accept = (topics: readonly string[], since: string | null = null, userId: string | null = null) => {
    const cursor = since === null ? null : parseCursor(since);
    if (cursor instanceof Failure) throw new Error(cursor.message);
    const asked = { userId, topics, since: cursor, reader: openIdentity, refused: [] };
    return server.accept(asked, null).body!;
  };
  const open = (...asked: Parameters<typeof accept>) => new Reader(accept(...asked));
  const wait = async (ms: number) => {
    scheduler.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { hub, broker, server, users, arrive, publish, accept, open, wait };
}

const states = ({ data }: Event) =>
  data.map(({ topic, offset, recovered }: { topic: string; offset: number; recovered?: boolean }) =>
    [topic, offset, recovered].filter((part) => part !== undefined).join(" "),
  );
const brief = (events: readonly Event[]) =>
  events.map((event) =>
    event.type === "subscribed" ? `subscribed ${states(event)}` : `${event.type} ${event.data.offset ?? ""}`,
  );

describe("a stream of topics that the broker makes wait", () => {
  test("begins with all of them, when they are there", async () => {
    const { open, arrive, publish } = start();
    const { epoch } = await publish("a");
    const reader = open(["a", "b"], `a:${epoch}:0`);
    expect(await reader.take()).toEqual([]);
    await arrive();
    await publish("b");
    const events = await reader.take();
    expect(brief(events)).toEqual(["subscribed a 1 true,b 0 false", "m 1", "m 1"]);
    for (const { id } of events) expect(id).toStartWith("c1.");
  });

  test("begins with nothing after a second, and with the reader's own cursor; they follow", async () => {
    const { open, arrive, publish, broker, wait, hub } = start();
    const { epoch } = await publish("a");
    broker.fail(outOfReach);
    const reader = open(["a", "b"], `a:${epoch}:0`);
    await arrive();
    await wait(999);
    expect(await reader.take()).toEqual([]);
    await wait(1);
    const [first, ...rest] = await reader.take();
    expect([first!.type, first!.data, rest]).toEqual(["subscribed", [], []]);
    const cursor = parseCursor(first!.id!);
    if (cursor instanceof Failure) throw new Error(cursor.message);
    expect(cursor.positionOf("a")).toEqual({ epoch, offset: 0 });
    broker.recover();
    await arrive();
    const events = await reader.take();
    expect(brief(events).sort()).toEqual(["m 1", "subscribed a 1 true", "subscribed b 0 false"]);
    await publish("a");
    expect(brief(await reader.take())).toEqual(["m 2"]);
    await reader.cancel();
    expect([hub.subscriptions, hub.topicsRead]).toEqual([0, 0]);
  });

  test("is told nothing before its first event, and everything behind it, with an id", async () => {
    const { open, arrive, server, users, broker, wait } = start();
    broker.fail(outOfReach);
    const reader = open(["a"], null, "alice");
    const [stream] = users.connectionsOf("alice");
    stream!.tell("request", "{}");
    server.tellAll("shutdown_notice", "{}");
    expect(await reader.take()).toEqual([]);
    await arrive();
    await wait(1000);
    server.tellAll("shutdown_notice", "{}");
    const events = await reader.take();
    expect(events.map(({ type }) => type)).toEqual([
      "subscribed",
      "request",
      "shutdown_notice",
      "shutdown_notice",
    ]);
    for (const { id } of events) expect(id).toBe(events[0]!.id!);
    expect(parseCursor(events[0]!.id!)).not.toBeInstanceOf(Failure);
  });

  test("of which the late ones replay no more than the reader has room for", async () => {
    const { accept, arrive, publish, broker, wait } = start(4000);
    const since: string[] = [];
    for (const topic of ["a", "b", "c"]) {
      since.push(`${topic}:${(await publish(topic, { message: "x".repeat(1500) })).epoch}:0`);
    }
    broker.fail(outOfReach);
    const body = accept(["a", "b", "c"], since.join(","));
    await arrive();
    await wait(1000);
    broker.recover();
    await arrive();
    // Nothing was taken so far.
    const events = brief(await new Reader(body).take());
    expect(events).toEqual([
      "subscribed ",
      "subscribed a 1 true",
      "m 1",
      "subscribed b 1 false",
      "subscribed c 1 false",
    ]);
  });

  test("leaves nothing behind when its reader is gone meanwhile", async () => {
    const { open, arrive, hub, users, server, wait, broker } = start();
    const reader = open(["a", "b"], null, "alice");
    await reader.cancel();
    await arrive();
    expect([hub.subscriptions, hub.topicsRead, users.users, server.open]).toEqual([0, 0, 0, 0]);
    broker.fail(outOfReach);
    const other = open(["c"]);
    await other.cancel();
    await arrive();
    await wait(10_000);
    expect(broker.followed).toBe(0);
  });

  test("errors have an id, too", async () => {
    const { open, arrive, hub } = start();
    hub.broker.follow = () => new Failure("rate_limited", "too many topics");
    const reader = open(["a"]);
    await arrive();
    const events = await reader.take();
    expect(events.map(({ type }) => type)).toEqual(["subscribed", "error"]);
    for (const { id } of events) expect(id).toStartWith("c1.");
  });
});
