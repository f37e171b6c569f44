import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { userIdPattern } from "../core/topic-name.ts";
import { claimBounds } from "./claims.ts";

const Milliseconds = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** All tokens of a user that were issued by then. */
const UserRevocation = Type.Object({
  kind: Type.Literal("user"),
  userId: Type.String({ pattern: userIdPattern }),
  atMs: Milliseconds,
  untilMs: Milliseconds,
});

/** One token, by its id (`jti`). */
const TokenRevocation = Type.Object({
  kind: Type.Literal("token"),
  tokenId: Type.String({ minLength: 1, maxLength: claimBounds.tokenId }),
  untilMs: Milliseconds,
});

export const Revocation = Type.Union([UserRevocation, TokenRevocation]);

/** What does not count any more. `untilMs`: when it may be forgotten, in Unix milliseconds, as every token it means has expired. */
export type Revocation = Static<typeof Revocation>;

const validator = Compile(Revocation);

/** As it goes to other nodes. */
export function encodeRevocation(revocation: Revocation): string {
  return JSON.stringify(revocation);
}

/** What came from elsewhere; null: it is none. */
export function decodeRevocation(text: string): Revocation | null {
  try {
    const value: unknown = JSON.parse(text);
    return validator.Check(value) ? (value as Revocation) : null;
  } catch {
    return null;
  }
}
