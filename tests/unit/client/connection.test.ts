import { describe, expect, spyOn, test } from "bun:test";
import { Connection } from "../../../src/client/connection.ts";
import { resolveOptions } from "../../../src/client/options.ts";
import type { TransportEvents } from "../../../src/client/transport.ts";
import type { TransportName } from "../../../src/client/types.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { FakeTransport } from "./support/fake-transport.ts";

/** A connection whose transports open, or fail, as `works` says. */
function start(works: (name: TransportName) => boolean) {
  const clock = new FakeClock();
  const attempts: TransportName[] = [];
  let newest: TransportEvents | null = null;
  const settings = resolveOptions({ url: "ws://host", clock, random: () => 0.5 });
  const nothing = () => {};
  const connection = new Connection(
    settings,
    (name, _token, events) => {
      attempts.push(name);
      newest = events;
      const transport = new FakeTransport();
      transport.open = () => {
        if (!works(name)) {
          events.closed({ code: 1006, reason: "", retryAfterMs: 0 });
          return;
        }
        events.opened();
        const fields = { connection_id: null, user_id: null, role: null, node: null, message: null };
        const frame = { type: "welcome", topics: [], ping_interval: null, ...fields } as const;
        events.incoming({ kind: "frame", frame });
      };
      return transport;
    },
    {
      notConnected: nothing,
      connected: nothing,
      incoming: nothing,
      disconnected: nothing,
      error: nothing,
      failed: nothing,
    },
  );
  const lose = () => newest?.closed({ code: 1006, reason: "", retryAfterMs: 0 });
  /** Lets time go by in steps, with room for what is awaited in between. */
  const pass = async (ms: number) => {
    const steps = Math.ceil(ms / 100);
    for (let step = 0; step < steps; step += 1) {
      await Promise.resolve();
      await Promise.resolve();
      clock.advance(ms / steps);
    }
  };
  return { clock, attempts, connection, lose, pass };
}

describe("a fallback", () => {
  test("is left after a minute for the transport that has worked before", async () => {
    let blocked = false;
    const { attempts, connection, lose, pass } = start((name) => name === "sse" || !blocked);
    connection.start();
    await pass(1);
    blocked = true;
    lose();
    await pass(30_000);
    expect(attempts).toEqual([...Array<string>(6).fill("websocket"), "sse"] as TransportName[]);
    blocked = false;
    await pass(59_000);
    expect(attempts.slice(7)).toEqual(["websocket"]);
    expect(connection.state).toBe("connected");
  });

  test("is kept when that transport fails again, and when it has never worked", async () => {
    let blocked = true;
    const { attempts, connection, pass } = start((name) => name === "sse" || !blocked);
    connection.start();
    await pass(300_000);
    expect(attempts).toEqual(["websocket", "websocket", "sse"]);
    blocked = false;
    await pass(300_000);
    expect(attempts).toHaveLength(3);
  });
});

test("the platform is listened to while there is something to connect, and not longer", async () => {
  const added = spyOn(globalThis, "addEventListener");
  const removed = spyOn(globalThis, "removeEventListener");
  const { connection, clock, pass } = start(() => true);
  connection.start();
  await pass(1);
  connection.stop();
  const calls = [added.mock.calls, removed.mock.calls].map((each) =>
    each.map(([name, handler]) => ({ name, handler })),
  );
  added.mockRestore();
  removed.mockRestore();
  expect(calls[0]!.map(({ name }) => String(name))).toEqual(["online", "offline"]);
  expect(calls[1]).toEqual(calls[0]!);
  expect(clock.pending).toBe(0);
});
