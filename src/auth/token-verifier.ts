import { decodeProtectedHeader, jwtVerify } from "jose";
import { Failure } from "../core/failure.ts";
import type { Clock } from "../core/ports.ts";
import { type Algorithm, isAlgorithm } from "./algorithms.ts";
import { type Claims, readClaims } from "./claims.ts";
import type { KeySource } from "./key-set.ts";
import { explainRefusal, refuseToken } from "./token-failures.ts";
import type { VerificationKey } from "./verification-key.ts";

export interface TokenRules {
  /** One of them must be among the token's; empty: it is not looked at. */
  readonly audiences: readonly string[];
  /** The token must be from one of them; empty: it is not looked at. */
  readonly issuers: readonly string[];
  /** How far the issuer's clock may be off. */
  readonly clockSkewMs: number;
  /** A token may not be valid for longer than this from when it was issued, or from now. */
  readonly lifetimeMaxMs: number;
}

/** Characters of a token; looked at before anything else is done with it. */
const tokenCharactersMax = 8192;

/** Keys that one token's signature is tried with at most. */
const candidatesMax = 8;

const tooLong = refuseToken(`is longer than ${tokenCharactersMax} characters`);
const unreadable = refuseToken("is no signed JSON Web Token");
const unsigned = refuseToken('is not signed (alg "none"), and so proves nothing');
const noKey = refuseToken(
  "was signed with a key or an algorithm that this server does not accept (alg, kid in its header)",
);
const wrongSignature = refuseToken(
  "has a signature that does not fit: it was changed, or signed with another key",
);
const inFuture = refuseToken("was issued (iat) in the future: compare the clocks of issuer and server");

/** Checks tokens: signature, algorithm, times, audience, issuer, and the form of what they say. */
export class TokenVerifier {
  readonly #rules: TokenRules;
  readonly #sources: readonly KeySource[];
  readonly #clock: Clock;

  constructor(rules: TokenRules, sources: readonly KeySource[], clock: Clock) {
    this.#rules = rules;
    this.#sources = sources;
    this.#clock = clock;
  }

  /** A Failure is `unauthorized`, or `unavailable` when there are no keys to check it with yet. */
  async verify(token: string): Promise<Claims | Failure> {
    if (token.length > tokenCharactersMax) return tooLong;
    const header = readHeader(token);
    if (header instanceof Failure) return header;
    const candidates = await this.#candidates(header.algorithm, header.keyId);
    if (candidates instanceof Failure) return candidates;
    for (const key of candidates) {
      const result = await this.#verifyWith(token, key, header.algorithm);
      if (result !== null) return result;
    }
    return wrongSignature;
  }

  async #candidates(
    algorithm: Algorithm,
    keyId: string | null,
  ): Promise<readonly VerificationKey[] | Failure> {
    const candidates: VerificationKey[] = [];
    let failure: Failure | null = null;
    for (const source of this.#sources) {
      const found = await source.find({ algorithm, keyId });
      if (found instanceof Failure) failure = found;
      else candidates.push(...found);
    }
    if (candidates.length === 0) return failure ?? noKey;
    return candidates.slice(0, candidatesMax);
  }

  /** Null: the signature is not of this key. */
  async #verifyWith(
    token: string,
    key: VerificationKey,
    algorithm: Algorithm,
  ): Promise<Claims | Failure | null> {
    const { audiences, issuers, clockSkewMs } = this.#rules;
    const now = this.#clock.now();
    try {
      const { payload } = await jwtVerify(token, await key.material(algorithm), {
        algorithms: [algorithm],
        requiredClaims: ["exp", "sub"],
        clockTolerance: clockSkewMs / 1000,
        currentDate: new Date(now),
        ...(audiences.length > 0 ? { audience: [...audiences] } : {}),
        ...(issuers.length > 0 ? { issuer: [...issuers] } : {}),
      });
      const claims = readClaims(payload);
      return claims instanceof Failure ? claims : (this.#checkLifetime(claims, now) ?? claims);
    } catch (error) {
      return explainRefusal(error);
    }
  }

  #checkLifetime({ issuedAtMs, expiresAtMs }: Claims, now: number): Failure | null {
    const { clockSkewMs, lifetimeMaxMs } = this.#rules;
    if (issuedAtMs !== null && issuedAtMs > now + clockSkewMs) return inFuture;
    if (expiresAtMs - Math.min(issuedAtMs ?? now, now) <= lifetimeMaxMs) return null;
    return refuseToken(
      `is valid for longer than the ${Math.floor(lifetimeMaxMs / 1000)} seconds that this server allows ` +
        "(JWT_LIFETIME_MAX)",
    );
  }
}

function readHeader(token: string): { algorithm: Algorithm; keyId: string | null } | Failure {
  let header: { alg?: unknown; kid?: unknown };
  try {
    header = decodeProtectedHeader(token);
  } catch {
    return unreadable;
  }
  const { alg, kid } = header;
  if (typeof alg !== "string") return unreadable;
  if (alg.toLowerCase() === "none") return unsigned;
  if (!isAlgorithm(alg)) return noKey;
  if (kid !== undefined && typeof kid !== "string") return unreadable;
  return { algorithm: alg, keyId: kid ?? null };
}
