import { Timer } from "./clock.ts";
import { FanfareError } from "./errors.ts";
import type { Settings } from "./options.ts";
import type { Transport } from "./transport.ts";

/** Share of a token's time that is left when it is renewed, at least; up to twice that, so that clients spread. */
const LEAD_SHARE = 0.1;
const LEAD_MAX_MS = 60_000;
/** Beyond this platforms' timers overflow; a token that lasts longer is renewed daily. */
const DELAY_MAX_MS = 86_400_000;
const RETRY_MS = 5000;

/** Renews the token of a connection before it expires, where the application gave a function to get one. */
export class TokenRefresh {
  readonly #settings: Settings;
  readonly #failed: (error: FanfareError) => void;
  readonly #timer: Timer;
  #transport: Transport | null = null;

  constructor(settings: Settings, failed: (error: FanfareError) => void) {
    this.#settings = settings;
    this.#failed = failed;
    this.#timer = new Timer(settings.clock, () => void this.#renew());
  }

  /** The connection's token is good for so long; undefined: the server did not say. */
  expiresIn(transport: Transport, ms: unknown): void {
    if (typeof this.#settings.token !== "function" || typeof ms !== "number") return;
    this.#transport = transport;
    const lead = Math.min(ms * LEAD_SHARE, LEAD_MAX_MS) * (1 + this.#settings.random());
    this.#timer.start(Math.min(Math.max(0, ms - lead), DELAY_MAX_MS));
  }

  /** The server did not take the new token: another is fetched a little later, until the connection ends. */
  refused(): void {
    if (this.#transport !== null) this.#timer.start(RETRY_MS);
  }

  stop(): void {
    this.#transport = null;
    this.#timer.stop();
  }

  async #renew(): Promise<void> {
    const transport = this.#transport;
    const { token } = this.#settings;
    if (transport === null || typeof token !== "function") return;
    try {
      const renewed = await token();
      if (this.#transport === transport) transport.refresh(renewed);
    } catch (cause) {
      if (this.#transport !== transport) return;
      this.#failed(new FanfareError("token_failed", "the token function failed", { cause }));
      this.refused();
    }
  }
}
