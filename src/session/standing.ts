import { type Admittee, endOf } from "../auth/admitted.ts";
import type { Action } from "../auth/grants.ts";
import { type Identity, isProof } from "../auth/identity.ts";
import type { Failure } from "../core/failure.ts";
import type { Role } from "../core/role.ts";
import type { SessionContext } from "./context.ts";
import type { Handshake } from "./handshake.ts";
import type { UserConnection } from "./user-registry.ts";

type StandingContext = Pick<SessionContext, "authentication" | "clock">;

/** Who a connection's client is, as it proved last, and what it may do; ends the connection when that is over. */
export class Standing implements Admittee {
  expiryBucket = 0;
  #identity: Identity;
  #role: Role;
  readonly #receivesOnly: boolean;
  #expiresAtMs: number;
  readonly #context: StandingContext;
  readonly #connection: Pick<UserConnection, "disconnect">;
  /** Topics that the server subscribed it to, whatever its client may; null: none yet. */
  #placed: Set<string> | null = null;

  constructor(
    handshake: Handshake,
    context: StandingContext,
    connection: Pick<UserConnection, "disconnect">,
  ) {
    const { identity } = handshake;
    this.#identity = identity;
    this.#role = handshake.role;
    this.#receivesOnly = handshake.receivesOnly;
    this.#context = context;
    this.#connection = connection;
    this.#expiresAtMs = this.#endOf(identity);
    if (isProof(identity)) context.authentication.admitted.add(this);
  }

  get identity(): Identity {
    return this.#identity;
  }

  get role(): Role {
    return this.#role;
  }

  get expiresAtMs(): number {
    return this.#expiresAtMs;
  }

  /** The client proved something newer: from now on that counts. */
  replace(identity: Identity): void {
    const { admitted, defaultRole } = this.#context.authentication;
    admitted.remove(this);
    this.#identity = identity;
    this.#role = this.#receivesOnly ? "user" : (identity.role ?? defaultRole);
    this.#expiresAtMs = this.#endOf(identity);
    admitted.add(this);
  }

  /** Why the client may not do something to a topic; null: it may. */
  refusal(action: Action, topic: string): Failure | null {
    if (action === "subscribe" && this.#placed?.has(topic) === true) return null;
    return this.#context.authentication.access(this.#identity, action, topic);
  }

  /** Whether the client, while it reads a topic, is told of its members as they come and go. */
  seesMembers(topic: string): boolean {
    return this.#context.authentication.seesMembers(this.#identity, topic);
  }

  /** The server wants it to read the topic, whatever the client may. */
  place(topic: string): void {
    this.#placed ??= new Set();
    this.#placed.add(topic);
  }

  /** The server does not want that any more. */
  displace(topic: string): void {
    this.#placed?.delete(topic);
  }

  expire(): void {
    this.#connection.disconnect("unauthorized");
  }

  close(): void {
    this.#context.authentication.admitted.remove(this);
  }

  #endOf(identity: Identity): number {
    return endOf(identity, this.#context.clock.now(), this.#context.authentication.clockSkewMs);
  }
}
