import type { Access } from "../auth/access.ts";
import type { Admittee } from "../auth/admitted.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Role } from "../core/role.ts";

/** What sessions need to know who their clients are, and what those may do. */
export interface SessionAuthentication {
  readonly authenticator: Authenticator;
  readonly access: Access;
  /** The connections that end with what their clients proved. */
  readonly admitted: { add(admittee: Admittee): void; remove(admittee: Admittee): void };
  /** The role of who says none. */
  readonly defaultRole: Role;
  readonly clockSkewMs: number;
}
