import { Backoff } from "./backoff.ts";
import { Timer } from "./clock.ts";
import { FanfareError } from "./errors.ts";
import type { AnswerFrame } from "./frames.ts";
import type { Settings } from "./options.ts";
import type { Command, Transport } from "./transport.ts";

/** Commands sent and not yet answered; half of what the server takes from one connection by default. */
const IN_FLIGHT_MAX = 128;

type Answer = Exclude<AnswerFrame, { type: "error" }>;

interface Entry {
  readonly id: number;
  readonly command: Command;
  /** Sending it twice does no harm: it reads, or it has an idempotency key. */
  readonly repeatable: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: FanfareError) => void;
  /** Ends the whole command. */
  readonly deadline: Timer;
  /** Ends the wait for an ack, or for the next try. */
  readonly nextTry: Timer;
  readonly backoff: Backoff;
  state: "ready" | "sent" | "resting";
  /** At some time, over some connection. */
  wasSent: boolean;
}

/**
 * Commands from call to answer, over as many connections as it takes. A publish whose outcome is unknown is sent
 * again, with the same key, until it is answered or its time is over; a definite error is final at once.
 */
export class CommandQueue {
  readonly #settings: Settings;
  /** In order of submission. */
  readonly #entries = new Map<number, Entry>();
  /** Those to be sent, in the order to send them in. */
  readonly #ready = new Set<Entry>();
  #inFlight = 0;
  #nextId = 1;
  #transport: Transport | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Rejects with a FanfareError. */
  submit(command: Command): Promise<Answer> {
    if (this.#entries.size >= this.#settings.queueMax) {
      const message = `${this.#settings.queueMax} commands wait for a connection or an answer already`;
      return Promise.reject(new FanfareError("queue_full", message, { key: keyOf(command) }));
    }
    const repeatable = isRepeatable(command);
    if (!repeatable && this.#transport === null) {
      return Promise.reject(new FanfareError("disconnected", "there is no connection to send this over"));
    }
    return new Promise((resolve, reject) => {
      const { clock, minDelayMs, maxDelayMs, random } = this.#settings;
      const entry: Entry = {
        id: this.#nextId,
        command,
        repeatable,
        resolve,
        reject,
        deadline: new Timer(clock, () => this.#expire(entry)),
        nextTry: new Timer(clock, () => this.#tryAgain(entry)),
        backoff: new Backoff(minDelayMs, maxDelayMs, random),
        state: "ready",
        wasSent: false,
      };
      this.#nextId += 1;
      this.#entries.set(entry.id, entry);
      this.#ready.add(entry);
      const { publishTimeoutMs, requestTimeoutMs } = this.#settings;
      entry.deadline.start(command.type === "publish" ? publishTimeoutMs : requestTimeoutMs);
      this.#pump();
    });
  }

  /** A connection is there: sends what waits, in the order of the calls. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#pump();
  }

  /** The connection is gone, and with it the answers. */
  detach(): void {
    this.#transport = null;
    this.#inFlight = 0;
    this.#ready.clear();
    for (const entry of [...this.#entries.values()]) {
      if (entry.state === "sent" && !entry.repeatable) {
        const message = "the connection was lost before the answer; whether the command was done is unknown";
        this.#reject(entry, new FanfareError("disconnected", message, { key: keyOf(entry.command) }));
        continue;
      }
      entry.nextTry.stop();
      entry.state = "ready";
      this.#ready.add(entry);
    }
  }

  /** An answer without id is taken for the oldest command of its kind. */
  answer(frame: AnswerFrame): void {
    const entry = this.#entryOf(frame);
    if (entry === undefined) return;
    if (frame.type !== "error") {
      this.#remove(entry);
      entry.resolve(frame);
    } else if (isOutcomeUnknown(entry, frame.code)) {
      this.#rest(entry);
    } else {
      const details = { key: keyOf(entry.command) };
      this.#reject(entry, new FanfareError(frame.code, frame.message ?? frame.code, details));
    }
    this.#pump();
  }

  /** Gives up the longest command under way: the server has closed the connection because of one like it. */
  rejectLongest(): void {
    let longest: Entry | null = null;
    let length = 0;
    for (const entry of this.#entries.values()) {
      if (entry.state !== "sent") continue;
      const json = entry.command.type === "publish" ? entry.command.json : JSON.stringify(entry.command);
      if (json.length <= length) continue;
      longest = entry;
      length = json.length;
    }
    if (longest === null) return;
    const details = { key: keyOf(longest.command) };
    this.#reject(
      longest,
      new FanfareError("too_large", "the command is longer than the server allows", details),
    );
  }

  rejectAll(error: FanfareError): void {
    for (const entry of [...this.#entries.values()]) {
      const { code, message } = error;
      this.#reject(entry, new FanfareError(code, message, { key: keyOf(entry.command), cause: error }));
    }
  }

  #pump(): void {
    for (const entry of this.#ready) {
      if (this.#transport === null || this.#inFlight >= IN_FLIGHT_MAX) return;
      this.#ready.delete(entry);
      entry.state = "sent";
      entry.wasSent = true;
      this.#inFlight += 1;
      if (entry.command.type === "publish" && entry.repeatable) {
        entry.nextTry.start(this.#settings.ackTimeoutMs);
      }
      this.#transport.send(entry.id, entry.command);
    }
  }

  /** The wait for the ack, or between two tries, is over. */
  #tryAgain(entry: Entry): void {
    this.#setReady(entry);
    this.#pump();
  }

  #rest(entry: Entry): void {
    this.#setReady(entry);
    this.#ready.delete(entry);
    entry.state = "resting";
    entry.nextTry.start(entry.backoff.nextMs());
  }

  #setReady(entry: Entry): void {
    if (entry.state === "sent") this.#inFlight -= 1;
    entry.state = "ready";
    this.#ready.add(entry);
  }

  #expire(entry: Entry): void {
    const { command, wasSent } = entry;
    let message = `${command.type}: no answer in time`;
    if (!wasSent) message = `${command.type}: there was no connection in time`;
    else if (command.type === "publish")
      message += "; the outcome is unknown, the same key makes another try safe";
    this.#reject(entry, new FanfareError("timeout", message, { key: keyOf(command) }));
    this.#pump();
  }

  #reject(entry: Entry, error: FanfareError): void {
    this.#remove(entry);
    entry.reject(error);
  }

  #remove(entry: Entry): void {
    if (entry.state === "sent" && this.#transport !== null) this.#inFlight -= 1;
    entry.deadline.stop();
    entry.nextTry.stop();
    this.#entries.delete(entry.id);
    this.#ready.delete(entry);
  }

  #entryOf(frame: AnswerFrame): Entry | undefined {
    if (frame.id !== undefined) return typeof frame.id === "number" ? this.#entries.get(frame.id) : undefined;
    if (frame.type !== "pong" && frame.type !== "status") return undefined;
    const type = frame.type === "pong" ? "ping" : "status";
    for (const entry of this.#entries.values()) {
      if (entry.command.type === type && entry.state === "sent") return entry;
    }
    return undefined;
  }
}

function isRepeatable(command: Command): boolean {
  if (command.type === "ping") return false;
  return command.type !== "publish" || command.key !== undefined;
}

function isOutcomeUnknown(entry: Entry, code: string): boolean {
  return (
    entry.command.type === "publish" && entry.repeatable && (code === "unavailable" || code === "draining")
  );
}

function keyOf(command: Command): string | undefined {
  return command.type === "publish" ? command.key : undefined;
}
