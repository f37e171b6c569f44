import type { Cluster } from "../cluster/cluster.ts";
import { Failure } from "../core/failure.ts";
import type { Clock } from "../core/ports.ts";
import type { PublishRequest } from "../core/publication.ts";
import type { Hub } from "../hub/hub.ts";
import { notificationsTopic } from "../session/recent.ts";
import type { Log } from "../telemetry/log.ts";

export interface BackgroundOptions {
  /** How often a notification goes to all; 0: never. */
  readonly notificationIntervalMs: number;
  /** How often a sample alert is made; 0: never. */
  readonly alertGeneratorIntervalMs: number;
}

export interface BackgroundPorts {
  readonly hub: Hub;
  /** Of all nodes one does it. */
  readonly cluster: Pick<Cluster, "takeTurn">;
  readonly clock: Clock;
  /** Publications of the server's own. */
  readonly counters: { readonly publications: { server: number } };
  readonly log: Pick<Log, "warning">;
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
  #stopped = false;

  constructor(options: BackgroundOptions, ports: BackgroundPorts) {
    this.#ports = ports;
    const { notificationIntervalMs, alertGeneratorIntervalMs } = options;
    this.#every(notificationIntervalMs, async () => {
      if (ports.hub.subscribersOf(notificationsTopic) === 0) return;
      const count = await ports.cluster.takeTurn("notification", notificationIntervalMs);
      if (count !== null) this.#notify(count);
    });
    this.#every(alertGeneratorIntervalMs, async () => {
      const count = await ports.cluster.takeTurn("alert", alertGeneratorIntervalMs);
      if (count !== null) this.#alert(count);
    });
  }

  /** Ends all of it; the first thing that draining does. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #every(intervalMs: number, run: () => Promise<void>): void {
    if (intervalMs <= 0) return;
    const timer = setInterval(() => void run(), intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }

  #notify(count: number): void {
    const time = new Date(this.#ports.clock.now()).toISOString();
    this.#publish({
      topic: notificationsTopic,
      event: "notification",
      message: `Periodic notification ${count} at ${time}`,
      store: true,
      // It says nothing that somebody who comes later would have missed.
      keep: false,
    });
  }

  #alert(count: number): void {
    const { message, severity } = sampleAlerts[(count - 1) % sampleAlerts.length]!;
    this.#publish({
      topic: "alerts",
      event: "alert",
      message,
      data: { severity, sample: true },
      store: true,
    });
  }

  #publish(request: PublishRequest): void {
    // Draining may have begun while other nodes were asked.
    if (this.#stopped) return;
    this.#ports.counters.publications.server++;
    void this.#send(request);
  }

  async #send(request: PublishRequest): Promise<void> {
    const outcome = await this.#ports.hub.publish(request);
    // That the broker is out of reach is said elsewhere, once; what else there is the rules of the topic say.
    if (!(outcome instanceof Failure) || outcome.code === "unavailable") return;
    const { topic } = request;
    this.#ports.log.warning({ topic, reason: outcome.message }, "the server's own publication is refused");
  }
}
