import { afterEach, expect, test } from "bun:test";
import { LocalTurns } from "../../../src/cluster/turns.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { Publication } from "../../../src/core/publication.ts";
import { Background, type BackgroundOptions } from "../../../src/lifecycle/background.ts";
import { until } from "../../support/until.ts";
import { createHub } from "../hub/model/hub-harness.ts";

const intervalMs = 5;
const running: Background[] = [];

afterEach(() => {
  for (const background of running.splice(0)) background.stop();
});

function start(options: Partial<BackgroundOptions>, refusals: Record<string, Failure> = {}) {
  const kept = {
    notifications: { count: 5, inHistory: false },
    alerts: { count: 5, inHistory: true },
  };
  const { hub, clock } = createHub({
    broker: { kept },
    policy: { check: ({ topic }) => refusals[topic] ?? null },
  });
  const warnings: object[] = [];
  const counters = { publications: { server: 0 } };
  const turns = new LocalTurns();
  const log = { warning: (fields: object) => void warnings.push(fields) };
  const background = new Background(
    { notificationIntervalMs: 0, alertGeneratorIntervalMs: 0, ...options },
    { hub, cluster: { takeTurn: (name) => turns.take(name) }, clock, counters, log },
  );
  running.push(background);
  const listener = { userId: null, format: 0 };
  return {
    hub,
    clock,
    counters,
    background,
    warnings,
    listen: () => hub.subscribe(listener, "notifications", undefined, () => {}),
    leave: () => hub.unsubscribe(listener, "notifications"),
    published(topic: string): Record<string, unknown>[] {
      const page = hub.broker.history({ topic, limit: 1000, bytesMax: 1_000_000 });
      if (page instanceof Promise || page instanceof Failure) throw new Error("no history");
      return page.publications.map(({ frame }: Publication) => JSON.parse(frame));
    },
    async tick(): Promise<void> {
      const { length } = this.published("alerts");
      await until(() => this.published("alerts").length > length);
    },
  };
}

test("a notification goes to all at the interval, numbered and with the time", async () => {
  const { clock, counters, listen, published } = start({ notificationIntervalMs: intervalMs });
  listen();
  await until(() => published("notifications").length >= 3);
  const [first, second] = published("notifications");
  const time = new Date(clock.now()).toISOString();
  expect(first).toEqual({
    type: "notification",
    topic: "notifications",
    offset: 1,
    ts: clock.now(),
    message: `Periodic notification 1 at ${time}`,
  });
  expect(second).toMatchObject({ offset: 2, message: `Periodic notification 2 at ${time}` });
  expect(counters.publications.server).toBe(published("notifications").length);
});

test("it is not among the recent ones", async () => {
  const { hub, listen, published } = start({ notificationIntervalMs: intervalMs });
  listen();
  hub.publish({ topic: "notifications", event: "notification", message: "by hand", store: true });
  await until(() => published("notifications").length >= 3);
  const kept = hub.broker.kept("notifications");
  if (kept instanceof Promise || kept instanceof Failure) throw new Error("none kept");
  expect(kept.map(({ publication }) => JSON.parse(publication.frame).message)).toEqual(["by hand"]);
});

test("there is none while nobody listens", async () => {
  // The sample alerts, made as often, tell how much time has passed.
  const running = start({ notificationIntervalMs: intervalMs, alertGeneratorIntervalMs: intervalMs });
  for (let count = 0; count < 4; count++) await running.tick();
  expect(running.published("notifications")).toEqual([]);
  running.listen();
  await until(() => running.published("notifications").length > 0);
  running.leave();
  const { length } = running.published("notifications");
  for (let count = 0; count < 4; count++) await running.tick();
  expect(running.published("notifications")).toHaveLength(length);
  running.listen();
  await until(() => running.published("notifications").length > length);
});

test("sample alerts come at their interval, of every severity in turn, and are kept", async () => {
  const { hub, published } = start({ alertGeneratorIntervalMs: intervalMs });
  await until(() => published("alerts").length >= 5);
  const alerts = published("alerts").slice(0, 5);
  const severities = alerts.map(({ data }) => (data as { severity: string }).severity);
  expect(severities).toEqual(["low", "medium", "high", "critical", "low"]);
  for (const alert of alerts) {
    expect(alert).toMatchObject({ type: "alert", topic: "alerts", data: { sample: true } });
    expect(alert.message).toBeString();
  }
  expect(hub.broker.kept("alerts")).toHaveLength(5);
});

test("an interval of 0 is never, and stopping ends all of it", async () => {
  const never = start({});
  const stopped = start({ notificationIntervalMs: intervalMs, alertGeneratorIntervalMs: intervalMs });
  const witness = start({ alertGeneratorIntervalMs: intervalMs });
  never.listen();
  stopped.listen();
  await until(() => stopped.published("notifications").length > 0);
  await stopped.tick();
  stopped.background.stop();
  const before = [stopped.published("notifications").length, stopped.published("alerts").length];
  for (let count = 0; count < 4; count++) await witness.tick();
  expect([stopped.published("notifications").length, stopped.published("alerts").length]).toEqual(before);
  expect(never.published("notifications")).toEqual([]);
  expect(never.published("alerts")).toEqual([]);
});

test("what the rules of its topic refuse is said in the log; that a broker is out of reach is not", async () => {
  const { listen, warnings } = start(
    { notificationIntervalMs: intervalMs, alertGeneratorIntervalMs: intervalMs },
    {
      notifications: new Failure("invalid", "data: is needed"),
      alerts: new Failure("unavailable", "no Redis"),
    },
  );
  listen();
  await until(() => warnings.length >= 3);
  expect(new Set(warnings.map((fields) => JSON.stringify(fields)))).toEqual(
    new Set(['{"topic":"notifications","reason":"data: is needed"}']),
  );
});
