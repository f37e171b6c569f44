import { Elysia } from "elysia";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { claimBounds } from "../../auth/claims.ts";
import type { Revoked } from "../../auth/revoker.ts";
import { Failure } from "../../core/failure.ts";
import { userIdPattern } from "../../core/topic-name.ts";
import { describeFirst } from "../../protocol/decode.ts";
import { RevocationAnswer } from "../answer-schemas.ts";
import { bodySchema } from "../body-schema.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { HttpFailure, orThrow } from "../http-failure.ts";
import type { JsonBody } from "../json-body.ts";
import { jsonParser } from "../json-parser.ts";
import type { ServerSlot } from "../server-slot.ts";

const RevocationBody = Type.Object({
  user_id: Type.Optional(
    Type.String({
      pattern: userIdPattern,
      description: "All tokens of this user that were issued until now.",
    }),
  ),
  token_id: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: claimBounds.tokenId,
      description: "Instead of `user_id`: the token with this id (`jti`).",
    }),
  ),
  expires_at: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "When that token expires, in Unix milliseconds: it is remembered for no longer.",
    }),
  ),
});
type RevocationBody = Type.Static<typeof RevocationBody>;
const validator = Compile(RevocationBody);

const notAnObject = new Failure("invalid", "body: must be a JSON object");
const either = new Failure("invalid", "user_id or token_id: exactly one of them is needed");
const noTokens = new HttpFailure(
  new Failure("bad_request", "This server takes no tokens: there are none to be revoked."),
);

const text = {
  summary: "Revoke tokens",
  description:
    "From now on they count no more: those who come with one are refused, and connections that stand on one end with " +
    "4401, on this node at once and on the others as soon as they hear of it. `unavailable` means that the others " +
    "could not be told: repeat it. Needs an API key of the scope admin.",
  tag: tags.users,
  answer: RevocationAnswer,
  errors: ["bad_request", "forbidden", "invalid", "rate_limited", "unavailable"],
} as const;

export function revocationsRoute(context: HttpContext, server: ServerSlot) {
  const { callers, revoker } = context;
  return new Elysia().post(
    "/revocations",
    async ({ body, request }) => {
      callers.requireAdministrator(request, server.get());
      if (revoker === null) throw noTokens;
      const { user_id: userId, token_id: tokenId, expires_at: expiresAt } = body;
      const pending =
        userId === undefined ? revoker.revokeToken(tokenId!, expiresAt) : revoker.revokeUser(userId);
      return answerOf(orThrow(await pending));
    },
    {
      body: bodySchema<RevocationBody>(RevocationBody, { user_id: "alice" }, readBody),
      parse: jsonParser(context),
      detail: documented(text),
    },
  );
}

function readBody({ value }: JsonBody): RevocationBody | Failure {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return notAnObject;
  if (!validator.Check(value)) return describeFirst(validator.Errors(value));
  return (value.user_id === undefined) === (value.token_id === undefined) ? either : value;
}

function answerOf({ revocation, ended }: Revoked): object {
  const what =
    revocation.kind === "user"
      ? { user_id: revocation.userId, revoked_at: revocation.atMs }
      : { token_id: revocation.tokenId };
  return { ...what, until: revocation.untilMs, disconnected: ended };
}
