import type { Access } from "../auth/access.ts";
import type { Admittee } from "../auth/admitted.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Identity } from "../auth/identity.ts";
import type { Role } from "../core/role.ts";

/** What sessions need to know who their clients are, and what those may do. */
export interface SessionAuthentication {
  readonly authenticator: Authenticator;
  readonly access: Access;
  /** Whether somebody who reads a topic is told of its members as they come and go. */
  readonly seesMembers: (identity: Identity, topic: string) => boolean;
  /** The connections that end with what their clients proved. */
  readonly admitted: { add(admittee: Admittee): void; remove(admittee: Admittee): void };
  /** The role of who says none. */
  readonly defaultRole: Role;
  readonly clockSkewMs: number;
}
