import { type Buffered, heaviest } from "../limits/heaviest.ts";
import { type LoadBounds, type LoadLevel, LoadShedding, loadLevels } from "../limits/load-shedding.ts";
import type { Log } from "../telemetry/log.ts";
import { residentMemoryBytes } from "../telemetry/process-facts.ts";
import type { LoadState } from "../telemetry/source.ts";

/** A connection that may be given up to relieve the others. */
export interface Sheddable extends Buffered {
  /** Ends it for load. What its client has yet to take is dropped, or is sent first. */
  shed(dropsBuffer: boolean): void;
}

export interface LoadWatchPorts {
  readonly log: Log;
  readonly connections: () => Iterable<Sheddable>;
}

const sampleEveryMs = 100;
const closeEveryMs = 1000;

/** Closed each time, and what has to wait for a client's connection to be worth it. */
const closedAtOnce = 16;
const worthBytes = 64 * 1024;

const words: Record<LoadLevel, string> = {
  normal: "load is normal again",
  refusing_connections: "shedding load: refusing new connections",
  refusing_publications: "shedding load: refusing new connections and publications",
  closing_connections:
    "shedding load: closing connections that are behind, refusing new ones and publications",
};

/** Measures the load of this process all the time, and says what is to be shed. */
export class LoadWatch {
  readonly #ports: LoadWatchPorts;
  readonly #shedding: LoadShedding;
  readonly #timer: NodeJS.Timeout;
  #sampledAtMs = performance.now();
  #closedAtMs = 0;
  #memoryBytes = 0;

  /** Starts measuring, with a timer that does not keep the process alive. */
  constructor(bounds: LoadBounds, ports: LoadWatchPorts) {
    this.#ports = ports;
    this.#shedding = new LoadShedding(bounds, () => Bun.gc(true));
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
    this.#timer.unref();
  }

  get refusesConnections(): boolean {
    return this.#shedding.level !== "normal";
  }

  get refusesPublications(): boolean {
    return this.#rank >= loadLevels.indexOf("refusing_publications");
  }

  state(): LoadState {
    return { level: this.#shedding.level, rank: this.#rank, cause: this.#shedding.cause };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get #rank(): number {
    return loadLevels.indexOf(this.#shedding.level);
  }

  #sample(): void {
    const nowMs = performance.now();
    const lagMs = Math.max(0, nowMs - this.#sampledAtMs - sampleEveryMs);
    this.#sampledAtMs = nowMs;
    const memoryBytes = residentMemoryBytes() ?? this.#memoryBytes;
    this.#memoryBytes = memoryBytes;
    const hasChanged = this.#shedding.observe({ lagMs, memoryBytes, nowMs });
    if (hasChanged) this.#logChange(lagMs, memoryBytes);
    const { level } = this.#shedding;
    if (level === "closing_connections" && nowMs - this.#closedAtMs >= closeEveryMs) {
      this.#closedAtMs = nowMs;
      this.#closeHeaviest();
    }
  }

  #logChange(lagMs: number, memoryBytes: number): void {
    const { level, cause } = this.#shedding;
    const fields = { load: level, cause, lag_ms: Math.round(lagMs), resident_memory_bytes: memoryBytes };
    if (level === "normal") this.#ports.log.info(fields, words[level]);
    else this.#ports.log.warning(fields, words[level]);
  }

  #closeHeaviest(): void {
    // Where memory is short nobody can be waited for who does not read.
    const dropsBuffer = this.#shedding.cause === "memory";
    const connections = heaviest(this.#ports.connections(), closedAtOnce, worthBytes);
    for (const connection of connections) connection.shed(dropsBuffer);
  }
}
