import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { Failure } from "../core/failure.ts";
import { isUserId, userIdRule } from "../core/topic-name.ts";
import { topicPattern } from "../core/topic-pattern.ts";

/** Bounds of what a token may say. */
export const claimBounds = {
  /** Patterns in one list. */
  patterns: 200,
  /** Characters of one pattern. */
  pattern: 256,
  /** Characters of a token's id. */
  tokenId: 256,
} as const;

const Patterns = Type.Optional(
  Type.Array(Type.String({ maxLength: claimBounds.pattern, pattern: topicPattern.source }), {
    maxItems: claimBounds.patterns,
  }),
);

const FanfareClaim = Type.Object({
  role: Type.Optional(Type.Enum(["chat", "user", "admin"])),
  subscribe: Patterns,
  publish: Patterns,
  presence: Patterns,
  history: Patterns,
});
export type FanfareClaim = Static<typeof FanfareClaim>;

const validator = Compile(FanfareClaim);

/** What a token says, checked. Times in Unix milliseconds. */
export interface Claims {
  readonly userId: string;
  readonly tokenId: string | null;
  readonly issuedAtMs: number | null;
  readonly expiresAtMs: number;
  readonly fanfare: FanfareClaim;
}

/** Reads the claims of a token whose signature, times, audience and issuer were found good. */
export function readClaims(payload: Readonly<Record<string, unknown>>): Claims | Failure {
  const { sub, jti, iat, exp, fanfare = {} } = payload;
  if (typeof sub !== "string" || !isUserId(sub)) return refuse("sub", `must be a user id: ${userIdRule}`);
  if (typeof exp !== "number" || !Number.isFinite(exp)) return refuse("exp", "must be a number of seconds");
  if (iat !== undefined && (typeof iat !== "number" || !Number.isFinite(iat))) {
    return refuse("iat", "must be a number of seconds");
  }
  if (jti !== undefined && !isTokenId(jti)) {
    return refuse("jti", `must be a text of 1 to ${claimBounds.tokenId} characters`);
  }
  if (!validator.Check(fanfare)) return refuse(...whatIsWrong(fanfare));
  return {
    userId: sub,
    tokenId: jti ?? null,
    issuedAtMs: iat === undefined ? null : Math.floor(iat * 1000),
    expiresAtMs: Math.floor(exp * 1000),
    fanfare,
  };
}

function isTokenId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= claimBounds.tokenId;
}

/** The first violation: where, and what would be right. The values themselves are not repeated. */
function whatIsWrong(fanfare: unknown): [string, string] {
  const [error] = validator.Errors(fanfare);
  const path = (error?.instancePath ?? "").split("/").slice(1);
  const place = ["fanfare", ...path].join(".");
  if (path.length === 0) return [place, "must be an object"];
  if (path[0] === "role") return [place, "must be chat, user or admin"];
  if (path.length > 1) return [place, "must be a topic's name, or the beginning of names and a *"];
  return [place, `must be a list of at most ${claimBounds.patterns} patterns`];
}

function refuse(claim: string, rule: string): Failure {
  return new Failure("unauthorized", `The token's claim ${claim} ${rule}.`);
}
