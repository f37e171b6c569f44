import type { Broker } from "../broker/port.ts";

const pollMs = 25;

/** Waits until the broker answers; false when it has not within `patienceMs`. */
export async function waitForBroker(broker: Pick<Broker, "check">, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while ((await broker.check()) !== null) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(pollMs);
  }
  return true;
}
