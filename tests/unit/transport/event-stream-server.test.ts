import { describe, expect, test } from "bun:test";
import { Requests } from "../../../src/session/requests.ts";
import { UserRegistry } from "../../../src/session/user-registry.ts";
import type { Ended } from "../../../src/transport/connection-events.ts";
import { EventStream } from "../../../src/transport/event-stream.ts";
import { EventStreamFanOut } from "../../../src/transport/event-stream-fan-out.ts";
import { EventStreamServer } from "../../../src/transport/event-stream-server.ts";
import { openAuthentication } from "../../support/open-authentication.ts";
import { createHub } from "../hub/model/hub-harness.ts";

const limitBytes = 1000;

function start() {
  const { hub, clock, scheduler, random } = createHub();
  const counters = { deliveries: { websocket: 0, sse: 0 }, bytesSent: { websocket: 0, sse: 0 } };
  const ended: Ended[] = [];
  const fanOut = new EventStreamFanOut(counters, scheduler, (stream) => server.watch(stream));
  const server = new EventStreamServer(
    { retryMs: 2000, heartbeatMs: 15_000, backpressureLimitBytes: limitBytes },
    {
      hub,
      users: new UserRegistry(),
      requests: new Requests(scheduler),
      authentication: openAuthentication({ clock, scheduler }),
      fanOut,
      events: { opened: () => {}, ended: (how) => ended.push(how) },
      places: { opened: () => {}, closed: () => {} },
      clock,
      scheduler,
      random,
      errors: { add: () => {} },
    },
  );
  /** A stream that nobody reads from, with so many bytes waiting. */
  const behind = (bytes: number) => {
    const stream = new EventStream("id", null, clock.now(), () => {});
    stream.sendChunk(new Uint8Array(bytes));
    server.watch(stream);
    return stream;
  };
  return { server, scheduler, behind };
}

describe("readers that are behind", () => {
  test("within the limit are left alone", () => {
    const { scheduler, behind } = start();
    const stream = behind(limitBytes);
    scheduler.advance(1000);
    expect(stream.ended).toBe(false);
  });

  test("beyond the limit have a moment to catch up", async () => {
    const { scheduler, behind } = start();
    const [catching, not] = [behind(limitBytes + 1), behind(limitBytes + 1)];
    scheduler.advance(99);
    expect([catching.ended, not.ended]).toEqual([false, false]);
    await catching.body.getReader().read();
    scheduler.advance(1);
    expect([catching.ended, not.ended]).toEqual([false, true]);
    expect(not.evictedFor).toBe("backpressure");
  });

  test("far beyond it are ended at once", () => {
    const { behind } = start();
    const stream = behind(2 * limitBytes + 1);
    expect(stream.ended).toBe(true);
    expect(stream.evictedFor).toBe("backpressure");
  });

  test("closing the server leaves no timer", () => {
    const { server, scheduler } = start();
    const timers = scheduler.timers;
    server.close();
    expect(scheduler.timers).toBe(timers - 1);
  });
});
