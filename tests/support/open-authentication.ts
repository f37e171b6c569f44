import { accessByGrants } from "../../src/auth/access.ts";
import { Admitted } from "../../src/auth/admitted.ts";
import { Authenticator } from "../../src/auth/authenticator.ts";
import { Revocations } from "../../src/auth/revocations.ts";
import type { Clock, Scheduler } from "../../src/core/ports.ts";
import type { SessionAuthentication } from "../../src/session/authentication.ts";

/** A node in open mode: everybody may do everything; no topic tells of its members. */
export function openAuthentication(ports: {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}): SessionAuthentication {
  const revocations = new Revocations(ports.clock);
  return {
    authenticator: new Authenticator({ verifier: null, keys: null, revocations }),
    access: accessByGrants,
    seesMembers: () => false,
    admitted: new Admitted(ports),
    defaultRole: "chat",
    clockSkewMs: 0,
  };
}
