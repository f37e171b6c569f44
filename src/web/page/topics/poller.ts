import { authorization } from "../access.ts";
import { type Failure, failure, failureOf } from "../errors.ts";

const intervalMs = 1000;

/** One round of answers; a part that the server does not give is null. */
export interface Poll {
  readonly atMs: number;
  readonly status: unknown;
  readonly topics: unknown;
}

/**
 * Asks `GET /status` and `GET /topics` each second while it is on and the window is visible. A server that takes
 * long to answer is asked less often: never more than a quarter of the time.
 */
export class Poller {
  readonly #onPoll: (poll: Poll) => void;
  readonly #onFailure: (failure: Failure | null) => void;
  readonly #topicsPath: () => string;
  #isOn = false;
  #timer: number | undefined;
  #request: AbortController | null = null;

  constructor(options: {
    /** Which topics to ask for. */
    readonly topicsPath: () => string;
    readonly onPoll: (poll: Poll) => void;
    /** Called with null when all is well again. */
    readonly onFailure: (failure: Failure | null) => void;
  }) {
    this.#topicsPath = options.topicsPath;
    this.#onPoll = options.onPoll;
    this.#onFailure = options.onFailure;
    document.addEventListener("visibilitychange", () => this.#update());
  }

  set isOn(isOn: boolean) {
    this.#isOn = isOn;
    this.#update();
  }

  #update(): void {
    const shouldRun = this.#isOn && !document.hidden;
    if (shouldRun === (this.#request !== null)) return;
    window.clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = shouldRun ? new AbortController() : null;
    if (this.#request !== null) void this.#poll(this.#request.signal);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const startedAtMs = performance.now();
    try {
      const [status, topics] = await Promise.all([
        // How the server is may be for administrators alone, on another port even; what topics there are is another
        // question.
        getJson("/status", signal).catch(unlessElsewhere),
        getJson(this.#topicsPath(), signal),
      ]);
      if (signal.aborted) return;
      this.#onPoll({ atMs: performance.now(), status, topics });
      this.#onFailure(null);
    } catch (error) {
      if (signal.aborted) return;
      this.#onFailure(failureOf(error));
    }
    const tookMs = performance.now() - startedAtMs;
    const waitMs = Math.max(intervalMs - tookMs, tookMs * 3);
    this.#timer = window.setTimeout(() => void this.#poll(signal), waitMs);
  }
}

async function getJson(path: string, signal: AbortSignal): Promise<unknown> {
  const headers = { accept: "application/json", ...authorization() };
  const response = await fetch(path, { signal, headers });
  if (response.ok) return response.json();
  const code = codes[response.status] ?? "unavailable";
  const { message } = failure(code, `${path} answered ${response.status}`);
  throw Object.assign(new Error(message), { code });
}

const codes: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
};

function unlessElsewhere(error: unknown): null {
  const { code } = failureOf(error);
  if (code !== "forbidden" && code !== "not_found") throw error;
  return null;
}
