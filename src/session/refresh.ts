import { Failure } from "../core/failure.ts";
import { encodeRefreshed } from "../protocol/encode.ts";
import type { CommandId } from "../protocol/schemas.ts";
import type { Session } from "./session.ts";
import { tokenTimes } from "./token-times.ts";

/** Refreshes come one after the other, in a lane that is no topic's. */
const lane = "";

const openMode = new Failure(
  "bad_request",
  "This server runs in open mode: it takes no tokens and needs none.",
);
const noTokens = new Failure("bad_request", "This server takes no tokens.");
const known = new Failure(
  "conflict",
  "This connection is authenticated already: send a newer token as refresh.",
);
const anotherSubject = new Failure(
  "forbidden",
  "The token is another user's: open another connection for it.",
);

/** `authenticate` from a client that has been let in. */
export function refuseAuthentication(session: Session, id: CommandId | undefined): void {
  session.fail(id, tokensRefused(session) ?? known);
}

/** Puts a newer token in the place of the one that the client came with; what it no longer grants ends. */
export function refresh(session: Session, id: CommandId | undefined, token: string): void {
  const refused = tokensRefused(session);
  if (refused !== null) {
    session.fail(id, refused);
    return;
  }
  session.inOrder(lane, async () => {
    const { authentication, clock } = session.context;
    const identity = await authentication.authenticator.verifyToken(token);
    if (identity instanceof Failure) session.fail(id, identity);
    else if (identity.userId !== session.standing.identity.userId) session.fail(id, anotherSubject);
    else {
      session.replaceIdentity(identity);
      session.send(encodeRefreshed(id, tokenTimes(identity, clock.now())));
    }
  });
}

function tokensRefused({ context }: Session): Failure | null {
  const { authenticator } = context.authentication;
  if (authenticator.isOpen) return openMode;
  return authenticator.takesTokens ? null : noTokens;
}
