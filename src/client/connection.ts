import { Backoff } from "./backoff.ts";
import { Timer } from "./clock.ts";
import { BACK_OFF_EXTRA_STEPS, CLOSE_ABNORMAL, type CloseAction, closeAction } from "./close-codes.ts";
import { FanfareError } from "./errors.ts";
import type { Incoming, ServerFrame } from "./frames.ts";
import type { Settings } from "./options.ts";
import { watchPlatform } from "./platform.ts";
import { TokenRefresh } from "./token-refresh.ts";
import { type Closure, REFRESH_ID, type Transport, type TransportEvents } from "./transport.ts";
import { TransportSelector } from "./transport-selector.ts";
import type { ConnectionState, TransportName, Welcome } from "./types.ts";

/** How long a fallback is used before a preferred transport that has worked before is tried again. */
const RETURN_TO_PREFERRED_MS = 60_000;
/** Tokens refused one after another before it is taken for final. */
const TOKENS_REFUSED_MAX = 3;
/** No server can make a client wait longer. */
const RETRY_AFTER_MAX_MS = 300_000;

export interface Disconnection {
  /** The close code, or the nearest one for what is not a WebSocket. */
  readonly code: number;
  readonly reason: string;
  readonly transport: TransportName | null;
  /** When the next attempt will be made, in ms from now; null when there will be none. */
  readonly retryInMs: number | null;
}

export interface ConnectionEvents {
  /** The state is any but `connected`, and has just become so. */
  notConnected(state: ConnectionState): void;
  connected(transport: Transport, welcome: Welcome): void;
  incoming(incoming: Incoming): void;
  /** An attempt has failed, or a connection has ended by itself. */
  disconnected(disconnection: Disconnection): void;
  /** Connecting goes on. */
  error(error: FanfareError): void;
  /** It does not: the connection is closed. */
  failed(error: FanfareError): void;
}

export type TransportFactory = (
  name: TransportName,
  token: string | null,
  events: TransportEvents,
) => Transport;

/** Keeps one connection open, by any transport: attempts, delays, and what the close codes ask for. */
export class Connection {
  readonly #settings: Settings;
  readonly #createTransport: TransportFactory;
  readonly #events: ConnectionEvents;
  readonly #selector: TransportSelector;
  readonly #backoff: Backoff;
  /** Ends the wait between two attempts. */
  readonly #nextAttempt: Timer;
  readonly #connectTimeout: Timer;
  readonly #becameStable: Timer;
  readonly #returnToPreferred: Timer;
  readonly #tokenRefresh: TokenRefresh;
  #state: ConnectionState = "idle";
  /** The transport of the attempt under way, or of the connection. */
  #transport: Transport | null = null;
  #hasOpened = false;
  /** Rises with every attempt, so that what belongs to an earlier one can be told. */
  #attempt = 0;
  #tokensRefused = 0;
  /** Asked for by a shutdown notice, for the time after this connection. */
  #reconnectAfterMs = 0;
  /** Whether news from the platform may cut the wait short. */
  #mayHurry = false;
  #unwatch: (() => void) | null = null;

  constructor(settings: Settings, createTransport: TransportFactory, events: ConnectionEvents) {
    const { clock } = settings;
    this.#settings = settings;
    this.#createTransport = createTransport;
    this.#events = events;
    this.#selector = new TransportSelector(settings.transports);
    this.#backoff = new Backoff(settings.minDelayMs, settings.maxDelayMs, settings.random);
    this.#nextAttempt = new Timer(clock, () => void this.#connect());
    this.#connectTimeout = new Timer(clock, () =>
      this.#lost({ code: CLOSE_ABNORMAL, reason: "connecting took too long", retryAfterMs: 0 }),
    );
    this.#becameStable = new Timer(clock, () => {
      this.#backoff.reset();
      this.#tokensRefused = 0;
    });
    this.#returnToPreferred = new Timer(clock, () => this.restart());
    this.#tokenRefresh = new TokenRefresh(settings, (error) => events.error(error));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get transport(): Transport | null {
    return this.#state === "connected" ? this.#transport : null;
  }

  /** Does nothing unless idle or closed. */
  start(): void {
    if (this.#state !== "idle" && this.#state !== "closed") return;
    this.#unwatch = watchPlatform(
      () => this.#wake(),
      () => this.transport?.probe(),
    );
    this.#backoff.reset();
    this.#tokensRefused = 0;
    this.#setState("connecting");
    void this.#connect();
  }

  /** Ends it for good, until `start`. */
  stop(): void {
    if (this.#state === "closed") return;
    this.#dropTransport();
    this.#nextAttempt.stop();
    this.#unwatch?.();
    this.#unwatch = null;
    this.#setState("closed");
  }

  /** Leaves the connection for a new one, at once; does nothing when idle or closed. */
  restart(): void {
    if (this.#state === "idle" || this.#state === "closed") return;
    if (this.#hasOpened) this.#selector.ended();
    this.#dropTransport();
    this.#setState("reconnecting");
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#nextAttempt.stop();
    this.#attempt += 1;
    const attempt = this.#attempt;
    const name = this.#selector.current;
    if (name === undefined) {
      this.#fail(new FanfareError("unsupported", "none of the transports exists on this platform"));
      return;
    }
    this.#connectTimeout.start(this.#settings.connectTimeoutMs);
    let token: string | null;
    try {
      token = await this.#token();
    } catch (cause) {
      if (attempt !== this.#attempt) return;
      this.#events.error(new FanfareError("token_failed", "the token function failed", { cause }));
      this.#lost({ code: CLOSE_ABNORMAL, reason: "no token", retryAfterMs: 0 });
      return;
    }
    if (attempt === this.#attempt) this.#open(name, token, attempt);
  }

  async #token(): Promise<string | null> {
    const { token } = this.#settings;
    return typeof token === "function" ? await token() : token;
  }

  #open(name: TransportName, token: string | null, attempt: number): void {
    const whileOurs = (act: () => void) => {
      if (attempt === this.#attempt) act();
    };
    try {
      this.#transport = this.#createTransport(name, token, {
        opened: () =>
          whileOurs(() => {
            this.#hasOpened = true;
            this.#selector.opened();
          }),
        incoming: (incoming) => whileOurs(() => this.#receive(incoming)),
        closed: (closure) => whileOurs(() => this.#lost(closure)),
      });
      this.#transport.open();
    } catch (cause) {
      const error = new FanfareError("unsupported", `${name}: the platform refuses to open it`, { cause });
      if (!this.#selector.blocked()) {
        this.#fail(error);
        return;
      }
      this.#events.error(error);
      this.#dropTransport();
      void this.#connect();
    }
  }

  #receive(incoming: Incoming): void {
    if (incoming.kind === "frame" && incoming.frame.type === "welcome") {
      this.#welcomed(incoming.frame);
      return;
    }
    if (incoming.kind === "frame") this.#note(incoming.frame);
    this.#events.incoming(incoming);
  }

  /** What a frame says of the connection itself. */
  #note(frame: ServerFrame): void {
    if (frame.type === "shutdown_notice") this.#reconnectAfterMs = boundedMs(frame.reconnect_after_ms);
    else if (frame.type === "error" && frame.id === REFRESH_ID) this.#tokenRefresh.refused();
    else if (frame.type === "refreshed" && this.#transport !== null) {
      this.#tokenRefresh.expiresIn(this.#transport, frame.expires_in_ms);
    }
  }

  #welcomed(welcome: Welcome): void {
    if (this.#transport === null || this.#state === "connected") return;
    this.#connectTimeout.stop();
    this.#reconnectAfterMs = 0;
    this.#becameStable.start(this.#settings.stableAfterMs);
    if (this.#selector.mayReturn) this.#returnToPreferred.start(RETURN_TO_PREFERRED_MS);
    this.#state = "connected";
    this.#tokenRefresh.expiresIn(this.#transport, welcome.expires_in_ms);
    this.#events.connected(this.#transport, welcome);
  }

  #lost(closure: Closure): void {
    const action = closeAction(closure.code);
    const transport = this.#transport?.name ?? null;
    const askedForMs = Math.max(this.#reconnectAfterMs, boundedMs(closure.retryAfterMs));
    if (this.#hasOpened) this.#selector.ended();
    else this.#selector.failed();
    this.#dropTransport();
    this.#reconnectAfterMs = 0;
    const final = this.#finalErrorOf(action, closure.reason);
    const details = { code: closure.code, reason: closure.reason, transport };
    if (final !== null) {
      this.#events.disconnected({ ...details, retryInMs: null });
      this.#fail(final);
      return;
    }
    if (action.kind === "reconnect_soon") this.#backoff.reset();
    const extraSteps = action.kind === "back_off" ? BACK_OFF_EXTRA_STEPS : 0;
    const retryInMs = askedForMs + this.#backoff.nextMs(extraSteps);
    this.#mayHurry = askedForMs === 0 && action.kind !== "back_off";
    this.#nextAttempt.start(retryInMs);
    this.#setState("reconnecting");
    this.#events.disconnected({ ...details, retryInMs });
  }

  #finalErrorOf(action: CloseAction, reason: string): FanfareError | null {
    if (action.kind === "stop") return new FanfareError(action.code, reason || action.message);
    if (action.kind !== "new_token") return null;
    this.#tokensRefused += 1;
    const isWorthAsking =
      typeof this.#settings.token === "function" && this.#tokensRefused < TOKENS_REFUSED_MAX;
    return isWorthAsking ? null : new FanfareError(action.code, reason || action.message);
  }

  #fail(error: FanfareError): void {
    this.stop();
    this.#events.failed(error);
  }

  #wake(): void {
    if (this.#nextAttempt.running && this.#mayHurry) void this.#connect();
    else this.transport?.probe();
  }

  #dropTransport(): void {
    this.#attempt += 1;
    this.#connectTimeout.stop();
    this.#becameStable.stop();
    this.#returnToPreferred.stop();
    this.#tokenRefresh.stop();
    this.#transport?.close();
    this.#transport = null;
    this.#hasOpened = false;
  }

  #setState(state: Exclude<ConnectionState, "connected">): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.notConnected(state);
  }
}

function boundedMs(ms: number | undefined): number {
  return typeof ms === "number" && ms > 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : 0;
}
