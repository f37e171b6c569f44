import type { Expiring } from "../auth/expiry-wheel.ts";
import type { Identity } from "../auth/identity.ts";
import { Failure } from "../core/failure.ts";
import { decodeText } from "../protocol/decode.ts";
import { encodeAuthenticated, encodeError } from "../protocol/encode.ts";
import type { CommandId } from "../protocol/schemas.ts";
import { BadFrames } from "./bad-frames.ts";
import type { SessionContext } from "./context.ts";
import { type Asked, type Handshake, type HandshakeRules, handshakeOf } from "./handshake.ts";
import type { Link } from "./link.ts";
import type { Seats } from "./seats.ts";
import { tokenTimes } from "./token-times.ts";

/** Frames that may come in while a token is being checked. */
const waitingMax = 256;

const notYet = new Failure(
  "unauthorized",
  'Send {"type":"authenticate","token":"…"} first: this server takes nothing else from who has shown no token.',
);

interface DoorstepPorts {
  readonly session: SessionContext;
  readonly rules: HandshakeRules;
  readonly seats: Seats;
  /** Lets the client in: from now on its frames go to what this opens. */
  readonly letIn: (handshake: Handshake) => { receive(text: string): void };
}

/**
 * A WebSocket whose client has yet to show a token. It gets nothing but errors, and is sent away when it takes too
 * long or shows one that does not count.
 */
export class Doorstep implements Expiring {
  readonly userId = null;
  /** When its time is over, in Unix milliseconds. */
  readonly expiresAtMs: number;
  readonly waitsForClient = false;
  expiryBucket = 0;
  readonly #id: string;
  readonly #asked: Asked;
  readonly #link: Link;
  readonly #ports: DoorstepPorts;
  readonly #badFrames = new BadFrames();
  /** What came in behind the token that is being checked; null: none is. */
  #waiting: string[] | null = null;
  #closed = false;

  constructor(id: string, asked: Asked, expiresAtMs: number, link: Link, ports: DoorstepPorts) {
    this.#id = id;
    this.#asked = asked;
    this.expiresAtMs = expiresAtMs;
    this.#link = link;
    this.#ports = ports;
  }

  receive(text: string): void {
    if (this.#closed) return;
    const { counters } = this.#ports.session;
    if (this.#waiting !== null) {
      if (this.#waiting.length < waitingMax) this.#waiting.push(text);
      else this.#link.close("tooFast");
      return;
    }
    counters.framesReceived++;
    counters.bytesReceived += text.length;
    const inbound = decodeText(text);
    if (inbound.kind === "command" && inbound.command.type === "authenticate") {
      counters.commands.add("authenticate");
      void this.#authenticate(inbound.command.id, inbound.command.token);
    } else if (inbound.kind === "bad") this.#refuse(inbound.id, inbound.failure);
    else this.#refuse(inbound.kind === "command" ? inbound.command.id : inbound.chat.id, notYet);
  }

  receiveBinary(bytes: number): void {
    if (this.#closed) return;
    this.#ports.session.counters.framesReceived++;
    this.#ports.session.counters.bytesReceived += bytes;
    this.#refuse(undefined, notYet);
  }

  drained(): void {}

  /** What concerns all clients does not concern who is none yet. */
  tell(): void {}

  /** Its time is over. */
  expire(): void {
    if (!this.#closed) this.#link.close("unauthorized");
  }

  close(): void {
    this.#closed = true;
    this.#waiting = null;
  }

  async #authenticate(id: CommandId | undefined, token: string): Promise<void> {
    this.#waiting = [];
    this.#link.pause();
    const identity = await this.#ports.session.authentication.authenticator.verifyToken(token);
    if (this.#closed) return;
    if (identity instanceof Failure) {
      this.#fail(id, identity);
      this.#link.close(identity.code === "unavailable" ? "shed" : "unauthorized");
      return;
    }
    const handshake = handshakeOf(this.#asked, identity, this.#ports.rules);
    if (handshake instanceof Failure) this.#turnAway(id, handshake);
    else await this.#enter(id, identity, handshake);
  }

  async #enter(id: CommandId | undefined, identity: Identity, handshake: Handshake): Promise<void> {
    const { userId } = handshake;
    const claimed = userId === null ? null : this.#ports.seats.claim(userId);
    const seat = claimed instanceof Promise ? await claimed : claimed;
    if (seat instanceof Failure) {
      if (!this.#closed) this.#turnAway(id, seat);
      return;
    }
    if (this.#closed) {
      seat?.released();
      return;
    }
    const { clock } = this.#ports.session;
    this.#link.send(encodeAuthenticated(id, userId, tokenTimes(identity, clock.now())));
    const waiting = this.#waiting ?? [];
    this.close();
    this.#link.resume();
    const session = this.#ports.letIn(handshake);
    seat?.taken(this.#id);
    for (const text of waiting) session.receive(text);
  }

  /** It proved who it is, and may not come in for all that. */
  #turnAway(id: CommandId | undefined, failure: Failure): void {
    this.#fail(id, failure);
    this.#link.close("forbidden");
  }

  #refuse(id: CommandId | undefined, failure: Failure): void {
    this.#fail(id, failure);
    if (this.#badFrames.add(this.#ports.session.clock.now())) this.#link.close("tooFast");
  }

  #fail(id: CommandId | undefined, { code, message }: Failure): void {
    this.#ports.session.counters.errors.add(code);
    this.#link.send(encodeError(id, code, message));
  }
}
