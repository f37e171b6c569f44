import { describe, expect, test } from "bun:test";
import { CommandQueue } from "../../../src/client/command-queue.ts";
import { FanfareError } from "../../../src/client/errors.ts";
import { type FanfareOptions, resolveOptions } from "../../../src/client/options.ts";
import type { Command } from "../../../src/client/transport.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { FakeTransport } from "./support/fake-transport.ts";

function start(options: FanfareOptions = {}) {
  const clock = new FakeClock();
  const queue = new CommandQueue(
    resolveOptions({
      url: "ws://host",
      clock,
      random: () => 0.5,
      minDelayMs: 100,
      maxDelayMs: 400,
      ...options,
    }),
  );
  const transport = new FakeTransport();
  return { clock, queue, transport };
}

const publish = (key = "k", json = "{}"): Command => ({
  type: "publish",
  topic: "t",
  key,
  json,
});
const keysOf = (transport: FakeTransport) =>
  transport.sent.map(({ command }) => (command.type === "publish" ? command.key : command.type));

/** The outcome once it is there; undefined before. */
function watch(promise: Promise<unknown>): { outcome?: unknown } {
  const watched: { outcome?: unknown } = {};
  promise.then(
    (value) => {
      watched.outcome = value;
    },
    (error: FanfareError) => {
      watched.outcome = error;
    },
  );
  return watched;
}

const codeOf = async (watched: { outcome?: unknown }) => {
  await Promise.resolve();
  await Promise.resolve();
  return watched.outcome instanceof FanfareError ? watched.outcome.code : watched.outcome;
};

describe("a publish", () => {
  test("waits for a connection and resolves with its ack", async () => {
    const { queue, transport, clock } = start();
    const done = queue.submit(publish());
    expect(transport.sent).toEqual([]);
    queue.attach(transport);
    const id = transport.sent[0]!.id;
    queue.answer({ type: "ack", id, topic: "t", epoch: "e", offset: 1 });
    expect(await done).toMatchObject({ type: "ack", offset: 1 });
    expect(clock.pending).toBe(0);
  });

  test("is sent again with the same key after a lost connection, in the order of the calls", () => {
    const { queue, transport } = start();
    queue.attach(transport);
    for (const key of ["a", "b", "c"]) watch(queue.submit(publish(key)));
    queue.detach();
    watch(queue.submit(publish("d")));
    queue.attach(transport);
    expect(keysOf(transport)).toEqual(["a", "b", "c", "a", "b", "c", "d"]);
  });

  test.each(["unavailable", "draining"])("is sent again after %s, later each time", (code) => {
    const { queue, transport, clock } = start();
    queue.attach(transport);
    watch(queue.submit(publish()));
    for (const delayMs of [50, 100, 200, 200]) {
      const count = transport.sent.length;
      queue.answer({ type: "error", id: 1, code });
      clock.advance(delayMs - 1);
      expect(transport.sent).toHaveLength(count);
      clock.advance(1);
      expect(transport.sent).toHaveLength(count + 1);
    }
    expect(new Set(keysOf(transport))).toEqual(new Set(["k"]));
  });

  test.each(["forbidden", "invalid", "too_large", "conflict", "rate_limited", "internal"])(
    "is not sent again after %s",
    async (code) => {
      const { queue, transport, clock } = start();
      queue.attach(transport);
      const watched = watch(queue.submit(publish()));
      queue.answer({ type: "error", id: 1, code, message: "no" });
      expect(await codeOf(watched)).toBe(code);
      clock.advance(60_000);
      expect(transport.sent).toHaveLength(1);
    },
  );

  test("is sent again when no ack comes, until its time is over; the error carries the key", async () => {
    const { queue, transport, clock } = start({ ackTimeoutMs: 1000, publishTimeoutMs: 3500 });
    queue.attach(transport);
    const watched = watch(queue.submit(publish("mine")));
    clock.advance(3500);
    expect(keysOf(transport)).toEqual(["mine", "mine", "mine", "mine"]);
    expect(await codeOf(watched)).toBe("timeout");
    expect(watched.outcome).toMatchObject({ key: "mine", retryable: true });
    expect((watched.outcome as Error).message).toContain("outcome is unknown");
    expect(clock.pending).toBe(0);
  });

  test("that was never sent is not said to be of unknown outcome", async () => {
    const { queue, clock } = start();
    const watched = watch(queue.submit(publish()));
    clock.advance(30_000);
    expect(await codeOf(watched)).toBe("timeout");
    expect((watched.outcome as Error).message).not.toContain("unknown");
  });

  test("without a key is sent once at most, and only over a connection", async () => {
    const { queue, transport } = start();
    const keyless: Command = { type: "publish", topic: "t", key: undefined, json: "{}" };
    const early = watch(queue.submit(keyless));
    expect(await codeOf(early)).toBe("disconnected");
    queue.attach(transport);
    const lost = watch(queue.submit(keyless));
    queue.detach();
    queue.attach(transport);
    expect(await codeOf(lost)).toBe("disconnected");
    expect(transport.sent).toHaveLength(1);
  });

  test("may be acknowledged late, between two tries", async () => {
    const { queue, transport, clock } = start();
    queue.attach(transport);
    const watched = watch(queue.submit(publish()));
    queue.answer({ type: "error", id: 1, code: "unavailable" });
    queue.answer({ type: "ack", id: 1, topic: "t", epoch: "e", offset: 4 });
    expect(await codeOf(watched)).toMatchObject({ offset: 4 });
    clock.advance(60_000);
    expect(transport.sent).toHaveLength(1);
  });
});

describe("bounds", () => {
  test("more commands than queueMax are refused", async () => {
    const { queue } = start({ queueMax: 2 });
    watch(queue.submit(publish("a")));
    watch(queue.submit(publish("b")));
    const watched = watch(queue.submit(publish("c")));
    expect(await codeOf(watched)).toBe("queue_full");
    expect(watched.outcome).toMatchObject({ retryable: true, key: "c" });
  });

  test("no more than 128 are under way; each answer lets the next one go", () => {
    const { queue, transport } = start();
    for (let count = 0; count < 130; count += 1) watch(queue.submit(publish(`k${count}`)));
    queue.attach(transport);
    expect(transport.sent).toHaveLength(128);
    queue.answer({ type: "ack", id: 1, topic: "t" });
    expect(transport.sent).toHaveLength(129);
    queue.answer({ type: "error", id: 2, code: "unavailable" });
    expect(transport.sent).toHaveLength(130);
  });

  test("places under way are given back by a lost connection", () => {
    const { queue, transport } = start();
    queue.attach(transport);
    for (let count = 0; count < 128; count += 1) watch(queue.submit(publish(`k${count}`)));
    queue.detach();
    queue.attach(transport);
    expect(transport.sent).toHaveLength(256);
  });

  test("and by commands given up", () => {
    const { queue, transport, clock } = start({ requestTimeoutMs: 10 });
    queue.attach(transport);
    for (let count = 0; count < 128; count += 1) watch(queue.submit({ type: "presence", topic: "t" }));
    clock.advance(10);
    queue.detach();
    queue.attach(transport);
    for (let count = 0; count < 129; count += 1) watch(queue.submit({ type: "presence", topic: "t" }));
    expect(transport.sent).toHaveLength(256);
  });
});

describe("answers", () => {
  test("without id go to the oldest command of their kind", async () => {
    const { queue, transport } = start();
    queue.attach(transport);
    const [first, status, second] = [
      watch(queue.submit({ type: "ping" })),
      watch(queue.submit({ type: "status" })),
      watch(queue.submit({ type: "ping" })),
    ];
    queue.answer({ type: "pong" });
    expect(await codeOf(first)).toEqual({ type: "pong" });
    expect(await codeOf(second)).toBeUndefined();
    queue.answer({ type: "status", version: "1" });
    expect(await codeOf(status)).toMatchObject({ version: "1" });
  });

  test("with somebody else's id go to nobody", async () => {
    const { queue, transport } = start();
    queue.attach(transport);
    const ping = watch(queue.submit({ type: "ping" }));
    queue.answer({ type: "pong", id: "alive" });
    queue.answer({ type: "pong", id: 99 });
    expect(await codeOf(ping)).toBeUndefined();
  });
});

test("of the commands under way the longest is the one that was too long", async () => {
  const { queue, transport } = start();
  queue.attach(transport);
  const short = watch(queue.submit(publish("a", "{}")));
  const long = watch(queue.submit(publish("b", JSON.stringify({ message: "x".repeat(100) }))));
  queue.rejectLongest();
  expect(await codeOf(long)).toBe("too_large");
  expect(await codeOf(short)).toBeUndefined();
});

test("rejectAll leaves nothing behind, not even a timer", async () => {
  const { queue, transport, clock } = start();
  queue.attach(transport);
  const watched = [publish("a"), publish("b"), { type: "status" } as const].map((command) =>
    watch(queue.submit(command)),
  );
  queue.answer({ type: "error", id: 2, code: "unavailable" });
  queue.detach();
  queue.rejectAll(new FanfareError("closed", "over"));
  for (const each of watched) expect(await codeOf(each)).toBe("closed");
  expect(clock.pending).toBe(0);
});
