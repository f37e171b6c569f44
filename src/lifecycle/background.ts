import type { Clock } from "../core/ports.ts";
import type { PublishRequest } from "../core/publication.ts";
import type { Hub } from "../hub/hub.ts";
import { notificationsTopic } from "../session/recent.ts";

export interface BackgroundOptions {
  /** How often a notification goes to all; 0: never. */
  readonly notificationIntervalMs: number;
  /** How often a sample alert is made; 0: never. */
  readonly alertGeneratorIntervalMs: number;
}

export interface BackgroundPorts {
  readonly hub: Hub;
  readonly clock: Clock;
  /** Publications of the server's own. */
  readonly counters: { readonly publications: { server: number } };
}

const sampleAlerts = [
  { severity: "low", message: "Disk usage is above 70 %" },
  { severity: "medium", message: "Response times have doubled" },
  { severity: "high", message: "A database replica is behind" },
  { severity: "critical", message: "The payment service does not answer" },
] as const;

/** What the server publishes by itself. */
export class Background {
  readonly #ports: BackgroundPorts;
  readonly #timers: NodeJS.Timeout[] = [];
  #notifications = 0;
  #alerts = 0;

  constructor(options: BackgroundOptions, ports: BackgroundPorts) {
    this.#ports = ports;
    this.#every(options.notificationIntervalMs, () => this.#notify());
    this.#every(options.alertGeneratorIntervalMs, () => this.#alert());
  }

  /** Ends all of it; the first thing that draining does. */
  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #every(intervalMs: number, run: () => void): void {
    if (intervalMs <= 0) return;
    const timer = setInterval(run, intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }

  #notify(): void {
    if (this.#ports.hub.subscribersOf(notificationsTopic) === 0) return;
    this.#notifications++;
    const time = new Date(this.#ports.clock.now()).toISOString();
    this.#publish({
      topic: notificationsTopic,
      event: "notification",
      message: `Periodic notification ${this.#notifications} at ${time}`,
      store: true,
      // It says nothing that somebody who comes later would have missed.
      keep: false,
    });
  }

  #alert(): void {
    const { message, severity } = sampleAlerts[this.#alerts++ % sampleAlerts.length]!;
    this.#publish({
      topic: "alerts",
      event: "alert",
      message,
      data: { severity, sample: true },
      store: true,
    });
  }

  #publish(request: PublishRequest): void {
    this.#ports.counters.publications.server++;
    void this.#ports.hub.publish(request);
  }
}
