import { type Identity, openIdentity } from "../../../src/auth/identity.ts";
import type { Broker } from "../../../src/broker/port.ts";
import type { CloseReason } from "../../../src/core/close-codes.ts";
import { Failure } from "../../../src/core/failure.ts";
import { type FrameRateLimits, FrameRates } from "../../../src/limits/frame-rates.ts";
import type { SessionAuthentication } from "../../../src/session/authentication.ts";
import type { SessionContext, SessionLimits } from "../../../src/session/context.ts";
import { handshakeOf, readWebSocketQuery } from "../../../src/session/handshake.ts";
import type { Link } from "../../../src/session/link.ts";
import { openSession } from "../../../src/session/opening.ts";
import { Requests } from "../../../src/session/requests.ts";
import { Session } from "../../../src/session/session.ts";
import { UserRegistry } from "../../../src/session/user-registry.ts";
import { openAuthentication } from "../../support/open-authentication.ts";
import { createHub, type HubSettings, type HubUnderTest } from "../hub/model/hub-harness.ts";
import { FakeSocket } from "../hub/model/native-topics.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the wire format gives.
export type Frame = Record<string, any>;

/** A connection in the test's hands: what was sent, what it has yet to take, and whether it is read from. */
export class FakeLink implements Link {
  readonly socket: FakeSocket;
  session!: Session;
  buffered = 0;
  isReading = true;
  closedFor: CloseReason | null = null;
  /** Called after each frame, to let the buffer grow as a test wants. */
  onSend: (text: string) => void = () => {};

  constructor(socket: FakeSocket) {
    this.socket = socket;
  }

  send(text: string): void {
    this.socket.send(text);
    this.onSend(text);
  }

  join(native: string): void {
    this.socket.subscribe(native);
  }

  quit(native: string): void {
    this.socket.unsubscribe(native);
  }

  reads(native: string): boolean {
    return this.socket.reads(native);
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  pause(): void {
    this.isReading = false;
  }

  resume(): void {
    this.isReading = true;
  }

  /** As the runtime: the session is closed before this returns. */
  close(why: CloseReason): void {
    this.closedFor = why;
    this.end();
  }

  end(): void {
    this.socket.close();
    this.session.close();
  }

  /** The client took everything. */
  drain(): void {
    this.buffered = 0;
    this.session.drained();
  }
}

/** A client's end of a session. */
export class TestClient {
  readonly session: Session;
  readonly link: FakeLink;
  readonly #underTest: HubUnderTest;

  constructor(underTest: HubUnderTest, session: Session, link: FakeLink) {
    this.#underTest = underTest;
    this.session = session;
    this.link = link;
  }

  send(frame: Frame | string): void {
    this.session.receive(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The frames that arrived since the last call, with those of this turn. */
  take(): Frame[] {
    this.#underTest.scheduler.turn();
    return this.link.socket.take().map((received) => {
      if (received.kind === "sent") return JSON.parse(String(received.what));
      if (received.kind === "publication") return JSON.parse(received.publication.frame);
      if (received.kind === "announced") return JSON.parse(received.frame);
      return {
        type: "subscribed",
        topic: received.topic,
        epoch: received.epoch,
        offset: received.offset,
        recovered: false,
      };
    });
  }

  /** Sends one frame, and takes what comes of it. */
  ask(frame: Frame | string): Frame[] {
    this.send(frame);
    return this.take();
  }
}

export interface SessionsUnderTest extends HubUnderTest {
  readonly context: SessionContext;
  readonly errors: string[];
  /** Opens a session with a query, as `topics=a,b`; its welcome is taken. */
  connect(query?: string, identity?: Identity): TestClient & { readonly opening: Frame[] };
}

const connectionId = (number: number) => `connection-${number}`.padEnd(20, "x");

const noRates: FrameRateLimits = { frames: null, bytes: null, userFrames: null, userBytes: null };

export function createSessions(
  settings: HubSettings & {
    limits?: Partial<SessionLimits>;
    authentication?: Partial<SessionAuthentication>;
    rates?: Partial<FrameRateLimits>;
    /** Null: clients are not told. */
    status?: null;
  } = {},
): SessionsUnderTest {
  const underTest = createHub(settings);
  const errors: string[] = [];
  let connections = 0;
  const context: SessionContext = {
    hub: underTest.hub,
    users: new UserRegistry(),
    requests: new Requests(underTest.scheduler),
    authentication: { ...openAuthentication(underTest), ...settings.authentication },
    limits: {
      topicsMax: 1000,
      commandsInFlightMax: 256,
      presenceMembersMax: 1000,
      backpressureLimitBytes: 4 * 1024 * 1024,
      pingIntervalMs: 30_000,
      recent: { count: 5, ttlMs: 3_600_000 },
      ...settings.limits,
    },
    rates: new FrameRates({ ...noRates, ...settings.rates }, underTest.clock),
    counters: {
      framesReceived: 0,
      bytesReceived: 0,
      publications: { websocket: 0 },
      commands: { add: () => {} },
      errors: { add: (code) => errors.push(code) },
    },
    clock: underTest.clock,
    scheduler: underTest.scheduler,
    node: "node-1",
    status: settings.status === null ? null : () => ({ node: "node-1" }),
  };
  return {
    ...underTest,
    context,
    errors,
    connect(query = "topics=", identity = openIdentity) {
      const { topicsMax } = context.limits;
      const asked = readWebSocketQuery(new URLSearchParams(query), topicsMax);
      if (asked instanceof Failure) throw new Error(asked.message);
      const handshake = handshakeOf(asked, identity, { topicsMax, ...context.authentication });
      if (handshake instanceof Failure) throw new Error(handshake.message);
      const link = new FakeLink(new FakeSocket(underTest.native));
      const session = new Session(connectionId(++connections), handshake, context, link);
      link.session = session;
      openSession(session, handshake);
      const client = new TestClient(underTest, session, link);
      return Object.assign(client, { opening: client.take() });
    },
  };
}

/** A broker whose answers to some calls wait until the test lets them go, one by one and in order. */
export class HeldBroker {
  readonly #held: (() => void)[] = [];

  /** Wraps a broker: the calls named are answered later. */
  wrap(names: readonly (keyof Broker)[]): (broker: Broker) => Broker {
    return (broker) =>
      new Proxy(broker, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          if (!names.includes(name as keyof Broker)) return value.bind(target);
          return (...given: unknown[]) =>
            new Promise((resolve) => {
              this.#held.push(() => resolve(value.apply(target, given)));
            });
        },
      });
  }

  get held(): number {
    return this.#held.length;
  }

  /** Answers the oldest call, and lets what follows from it happen. */
  async release(count = 1): Promise<void> {
    for (let number = 0; number < count; number++) {
      this.#held.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
