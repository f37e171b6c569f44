import type { Server, WebSocketHandler } from "bun";
import { ExpiryWheel } from "../auth/expiry-wheel.ts";
import type { Clock, Random, Scheduler, Timer } from "../core/ports.ts";
import type { SessionContext } from "../session/context.ts";
import { Doorstep } from "../session/doorstep.ts";
import type { Asked, Handshake, HandshakeRules } from "../session/handshake.ts";
import { openSession } from "../session/opening.ts";
import type { Seats } from "../session/seats.ts";
import { Session } from "../session/session.ts";
import type { Admission } from "./admission.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import { LivenessWheel, wheelTickMs } from "./liveness.ts";
import { type Arrival, type Socket, WebSocketLink } from "./websocket-link.ts";

export interface WebSocketOptions {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly backpressureLimitBytes: number;
  readonly compression: boolean;
  /** How long a client without a token may take to show one. */
  readonly authTimeoutMs: number;
}

export interface WebSocketPorts {
  readonly session: SessionContext;
  readonly handshakes: HandshakeRules;
  readonly seats: () => Seats;
  readonly events: ConnectionEvents;
  /** Told whose connections are open. */
  readonly places: Pick<Admission, "opened" | "closed">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** Characters of a connection's id. */
const connectionIdLength = 20;

/** Share of the backpressure limit which, when last looked at, explains why the runtime closed. */
const slowShare = 1 / 4;

/** All WebSockets of this process: Bun's events in, sessions' answers out. */
export class WebSocketServer {
  readonly handler: WebSocketHandler<WebSocketLink>;
  readonly #options: WebSocketOptions;
  readonly #ports: WebSocketPorts;
  readonly #wheel: LivenessWheel<WebSocketLink>;
  readonly #tickMs: number;
  /** Those whose clients have yet to show a token. */
  readonly #doorsteps: ExpiryWheel<Doorstep>;
  #timer: Timer;
  #open = 0;

  constructor(options: WebSocketOptions, ports: WebSocketPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#tickMs = wheelTickMs(options.pingIntervalMs, options.pingTimeoutMs);
    this.#wheel = new LivenessWheel(options.pingIntervalMs, options.pingTimeoutMs, this.#tickMs);
    this.#doorsteps = new ExpiryWheel(ports);
    this.#timer = this.#scheduleTick();
    this.handler = this.#makeHandler();
  }

  /** Connections open now. */
  get open(): number {
    return this.#open;
  }

  /** Every connection, for what concerns them all. */
  connections(): Iterable<WebSocketLink> {
    return this.#wheel.all();
  }

  /** Those whose client is known. */
  *sessions(): Iterable<Session> {
    for (const { session } of this.#wheel.all()) if (session instanceof Session) yield session;
  }

  /** Answers the upgrade; the connection's id, or null when the request is none. `client` is whom the connection is counted for. */
  upgrade(
    request: Request,
    server: Server<WebSocketLink>,
    arrival: Arrival,
    client: string | null,
  ): string | null {
    const id = this.#ports.random.token(connectionIdLength);
    const data = new WebSocketLink(id, arrival, client, this.#ports.clock.now());
    const offered = request.headers.get("sec-websocket-protocol");
    const chosen = offered === null ? {} : { headers: { "sec-websocket-protocol": choose(offered) } };
    return server.upgrade(request, { data, ...chosen }) ? id : null;
  }

  /** Looks at how much the sockets have yet to take, once what was published in this turn is with them. */
  sampleBuffers(): void {
    this.#ports.scheduler.endOfTick(() => {
      for (const link of this.#wheel.all()) link.sampledBytes = link.bufferedBytes();
    });
  }

  close(): void {
    this.#timer.cancel();
    this.#doorsteps.close();
  }

  #makeHandler(): WebSocketHandler<WebSocketLink> {
    return {
      idleTimeout: 0,
      sendPings: false,
      maxPayloadLength: this.#options.maxFrameBytes,
      backpressureLimit: this.#options.backpressureLimitBytes,
      // False would drop messages in silence and leave a hole in the stream.
      closeOnBackpressureLimit: true,
      perMessageDeflate: this.#options.compression,
      open: (socket) => this.#opened(socket),
      message: (socket, message) => {
        const link = socket.data;
        link.heard = true;
        if (typeof message === "string") link.session?.receive(message);
        else link.session?.receiveBinary(message.byteLength);
      },
      drain: (socket) => this.#drained(socket.data),
      ping: (socket) => {
        socket.data.heard = true;
      },
      pong: (socket) => {
        socket.data.heard = true;
      },
      close: (socket, code, reason) => this.#closed(socket, code, reason),
    };
  }

  #opened(socket: Socket): void {
    const link = socket.data;
    const { arrival } = link;
    if (arrival === null) return;
    link.arrival = null;
    link.attach(socket);
    this.#open++;
    this.#ports.places.opened(link.client);
    this.#wheel.add(link);
    const userId = arrival.kind === "known" ? arrival.handshake.userId : null;
    this.#ports.events.opened("websocket", link.id, userId);
    if (arrival.kind === "known") this.#letIn(link, arrival.handshake);
    else this.#waitForToken(link, arrival.asked);
  }

  #letIn(link: WebSocketLink, handshake: Handshake): Session {
    const session = new Session(link.id, handshake, this.#ports.session, link);
    link.session = session;
    openSession(session, handshake);
    return session;
  }

  #waitForToken(link: WebSocketLink, asked: Asked): void {
    const { clock, handshakes, seats, session } = this.#ports;
    const untilMs = clock.now() + this.#options.authTimeoutMs;
    const doorstep = new Doorstep(link.id, asked, untilMs, link, {
      session,
      rules: handshakes,
      seats: seats(),
      letIn: (handshake) => {
        this.#doorsteps.remove(doorstep);
        return this.#letIn(link, handshake);
      },
    });
    link.session = doorstep;
    this.#doorsteps.add(doorstep);
  }

  #drained(link: WebSocketLink): void {
    // Its peer took some bytes: a sign of life, and the only one while it is not read from.
    link.heard = true;
    if (link.session?.waitsForClient !== true) return;
    // Not in this event: a socket that has lost a publication is closed behind it, and must get nothing more.
    this.#ports.scheduler.endOfTick(() => link.session?.drained());
  }

  #closed(socket: Socket, code: number, reason: string): void {
    const link = socket.data;
    const { session } = link;
    if (session === null) return;
    session.close();
    link.session = null;
    if (session instanceof Doorstep) this.#doorsteps.remove(session);
    this.#open--;
    this.#ports.places.closed(link.client);
    this.#wheel.remove(link);
    const wasSlow = link.sampledBytes > this.#options.backpressureLimitBytes * slowShare;
    const vanished = code === closedWithoutFrame && reason === "" && link.closedFor === null;
    this.#ports.events.ended({
      transport: "websocket",
      connectionId: link.id,
      userId: session.userId,
      code,
      reason,
      evictedFor: vanished && wasSlow ? "backpressure" : link.closedFor,
      durationMs: this.#ports.clock.now() - link.openedAt,
    });
  }

  #scheduleTick(): Timer {
    return this.#ports.scheduler.after(this.#tickMs, () => {
      this.#timer = this.#scheduleTick();
      this.#wheel.tick();
    });
  }
}

/** The one subprotocol there is. */
const subprotocol = "fanfare.v1";

/** Left to itself the runtime would repeat the first offer, whatever it is; empty means none. */
function choose(offered: string): string {
  return offered.split(",").some((offer) => offer.trim() === subprotocol) ? subprotocol : "";
}

/** The code of a connection that ended without a close frame. */
const closedWithoutFrame = 1006;
