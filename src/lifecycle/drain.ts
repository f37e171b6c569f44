import type { Clock } from "../core/ports.ts";
import { encodeShutdownNotice } from "../protocol/encode.ts";
import type { Log } from "../telemetry/log.ts";

/** A connection as draining sees it. */
export interface Drainable {
  /** Bytes that its client has yet to take. */
  bufferedBytes(): number;
  /** Tells it to come back elsewhere; what it was sent goes out first. */
  leave(): void;
}

export interface DrainOptions {
  /** How long clients may stay. */
  readonly timeoutMs: number;
  /** Connections asked to leave in a second; 0: none before the timeout. */
  readonly ratePerSecond: number;
}

export interface DrainPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Connections open now, of every transport. */
  readonly open: () => number;
  readonly connections: () => Iterable<Drainable>;
  /** Whether all that was accepted has been handed to the connections. */
  readonly allHandedOver: () => boolean;
  /** Tells every connection; `noticeOf` makes a text for each, so that not all come back at once. */
  readonly notify: (type: string, noticeOf: () => string) => void;
}

const progressEveryMs = 5000;
const pollMs = 20;
const paceEveryMs = 100;
/** Connections closed in one turn of the event loop. */
const closeBatch = 500;
/** How long a slow client's buffer holds up the end. */
const flushWaitMs = 5000;
/** The kernel sends what it was given only while the process lives. */
const lingerMs = 1000;
/** Clients come back spread over at least this long. */
const reconnectSpreadMs = 1000;
/** Connections that may come back in one second, all other things unknown. */
const reconnectsPerSecond = 2000;

const message = "This server is shutting down: reconnect to continue.";

/**
 * Lets clients go: they are told, stay as long as they want within the timeout or are asked to leave at a
 * paced rate, and the rest are closed once they have what they were sent.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #ports: DrainPorts;
  #deadline = 0;
  #forced = false;
  #owed = 0;

  constructor(options: DrainOptions, ports: DrainPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Ends the waiting: those still here are closed at once. */
  force(): void {
    this.#forced = true;
  }

  /** Resolves when nobody is left and what they were sent is gone. */
  async run(): Promise<void> {
    const { clock, notify, open } = this.#ports;
    this.#deadline = clock.now() + this.#options.timeoutMs;
    if (open() > 0) {
      const spreadMs = Math.max(reconnectSpreadMs, (open() / reconnectsPerSecond) * 1000);
      notify("shutdown_notice", () =>
        encodeShutdownNotice(message, Math.round(Math.random() * spreadMs), this.#deadline),
      );
    }
    await this.#waitForAll();
    await this.#closeRest();
  }

  async #waitForAll(): Promise<void> {
    const { clock, open } = this.#ports;
    let nextProgress = clock.now();
    let nextPace = clock.now();
    while (open() > 0 && !this.#forced && clock.now() < this.#deadline) {
      const now = clock.now();
      if (now >= nextProgress) {
        nextProgress = now + progressEveryMs;
        this.#logProgress(now);
      }
      if (this.#options.ratePerSecond > 0 && now >= nextPace) {
        nextPace = now + paceEveryMs;
        this.#pace();
      }
      await Bun.sleep(pollMs);
    }
  }

  #logProgress(now: number): void {
    const fields = {
      connections_left: this.#ports.open(),
      seconds_left: Math.max(0, Math.round((this.#deadline - now) / 1000)),
    };
    this.#ports.log.info(fields, "draining");
  }

  /** Asks as many to leave as the rate allows, more or less: equal steps would make equal waves elsewhere. */
  #pace(): void {
    // Who left now would miss what is still on its way to them.
    if (!this.#ports.allHandedOver()) return;
    const share = (this.#options.ratePerSecond * paceEveryMs) / 1000;
    this.#owed += share * (0.5 + Math.random());
    for (const connection of this.#ports.connections()) {
      if (this.#owed < 1) return;
      this.#owed--;
      connection.leave();
    }
  }

  async #closeRest(): Promise<void> {
    const { allHandedOver, clock, connections, log, open } = this.#ports;
    const left = open();
    if (left > 0)
      log.info({ connections_left: left, forced: this.#forced }, "closing the connections that are left");
    const flushDeadline = clock.now() + (this.#forced ? 0 : flushWaitMs);
    while (open() > 0) {
      const patient = clock.now() < flushDeadline;
      if (patient && !allHandedOver()) {
        await Bun.sleep(pollMs);
        continue;
      }
      let closed = 0;
      for (const connection of [...connections()]) {
        if (closed >= closeBatch) break;
        if (patient && connection.bufferedBytes() > 0) continue;
        connection.leave();
        closed++;
      }
      await Bun.sleep(closed > 0 ? 1 : pollMs);
    }
    if (left > 0) await Bun.sleep(lingerMs);
  }
}
