import { errors } from "jose";
import { Failure } from "../core/failure.ts";

export function refuseToken(why: string): Failure {
  return new Failure("unauthorized", `The token ${why}.`);
}

/** The claims that a server compares with its settings, and what else can be wrong with a token's time. */
const claimReasons: Readonly<Record<string, string>> = {
  aud: "is for another audience (aud), or for none",
  iss: "is from another issuer (iss), or from none",
  sub: "does not say whose it is: the claim sub is needed, a user id",
  exp: "does not say when it expires: the claim exp is needed, in seconds",
};

/**
 * What the library says of a token, in words for whoever made it. Nothing of the token but its own times is repeated,
 * and nothing of the server's settings. Null: the signature does not fit this key, another may.
 */
export function explainRefusal(error: unknown): Failure | null {
  if (error instanceof errors.JWSSignatureVerificationFailed) return null;
  if (error instanceof errors.JWTExpired) {
    return refuseToken(`expired at ${timeOf(error.payload.exp)}: get a new one`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf") return refuseToken(`is not valid before ${timeOf(error.payload.nbf)} (nbf)`);
    const reason = claimReasons[error.claim];
    return refuseToken(reason ?? "has a claim that cannot be read");
  }
  if (error instanceof errors.JOSENotSupported)
    return refuseToken("asks for an extension that is not supported");
  if (error instanceof errors.JWTInvalid) return refuseToken("has claims that cannot be read");
  return refuseToken("is no signed JSON Web Token");
}

function timeOf(seconds: unknown): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? "an unreadable time" : date.toISOString();
}
