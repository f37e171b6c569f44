export interface CanaryPorts {
  /** Sends on the canary's channel; how many connections received it. Rejects while Redis is out of reach. */
  readonly publish: (message: string) => Promise<number>;
  /** Nothing arrives any more, whatever the connection looks like. */
  readonly onSilent: (reason: string) => void;
}

const everyMs = 1000;
/** Time without a message, the canary included, after which a connection counts as dead. */
const silenceMaxMs = 2500;

/** Makes sure that a subscribed connection receives: it hears itself every second. */
export class Canary {
  readonly #ports: CanaryPorts;
  readonly #timer: NodeJS.Timeout;
  #isListening = false;
  #heardAt = 0;
  #checkedAt = performance.now();
  #count = 0;
  #waiting: (() => void)[] = [];

  constructor(ports: CanaryPorts) {
    this.#ports = ports;
    this.#timer = setInterval(() => this.#check(), everyMs);
    this.#timer.unref();
  }

  /** From now on the connection should hear it; or no longer. */
  setListening(isListening: boolean): void {
    this.#isListening = isListening;
    this.#heardAt = performance.now();
  }

  /** Something arrived, whatever it was. */
  noteMessage(): void {
    this.#heardAt = performance.now();
  }

  /** The canary arrived. */
  noteCanary(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when a message that is sent now has come back; false when it has not within `deadlineMs`. */
  hearsItself(deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(true));
      setTimeout(resolve, deadlineMs, false).unref();
      this.#send();
    });
  }

  stop(): void {
    this.#isListening = false;
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = performance.now();
    const late = now - this.#checkedAt - everyMs;
    this.#checkedAt = now;
    if (!this.#isListening) return;
    // A process that was busy by itself may have what it did not hear here, unread.
    const wasBusy = late > everyMs / 2;
    if (!wasBusy && now - this.#heardAt > silenceMaxMs) this.#ports.onSilent("it has gone silent");
    else this.#send();
  }

  #send(): void {
    const wasListening = this.#isListening;
    this.#count++;
    this.#ports.publish(String(this.#count)).then(
      (receivers) => {
        // Redis knows of no such subscription: what looks like one is gone.
        if (receivers === 0 && wasListening && this.#isListening)
          this.#ports.onSilent("Redis has dropped it");
      },
      // Redis is out of reach; the silence will tell whether that goes for this connection too.
      () => {},
    );
  }
}
