import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { type CryptoKey, importJWK, type JWK } from "jose";
import { type Algorithm, algorithmsOf, type KeyKind } from "./algorithms.ts";

/** A key that signatures are checked with. */
export interface VerificationKey {
  /** Null: it has no id, and is tried for tokens of every key id. */
  readonly id: string | null;
  readonly kind: KeyKind;
  readonly algorithms: readonly Algorithm[];
  /** The key as the algorithm needs it, one of `algorithms`. */
  material(algorithm: Algorithm): Promise<CryptoKey | Uint8Array>;
}

/** Why something is no key to check signatures with; never holds a part of it. */
export class UnusableKey {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Shorter ones can be factored with means that exist. */
const rsaBitsMin = 2048;

/** A secret shared with whoever issues the tokens. */
export function secretKey(secret: string, allowed: readonly Algorithm[]): VerificationKey {
  const bytes = new TextEncoder().encode(secret);
  return {
    id: null,
    kind: "secret",
    algorithms: algorithmsOf("secret", allowed),
    material: () => Promise.resolve(bytes),
  };
}

/** A public key as PEM text: SPKI, PKCS #1 or a certificate. Line ends may be written as `\n`. */
export function pemKey(text: string, allowed: readonly Algorithm[]): VerificationKey | UnusableKey {
  const pem = text.replaceAll("\\n", "\n");
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    return new UnusableKey("it is a private key, which belongs to the issuer alone: give the public one");
  }
  let jwk: JsonWebKey;
  try {
    jwk = createPublicKey(pem).export({ format: "jwk" });
  } catch {
    return new UnusableKey("it is no public key in PEM form (-----BEGIN PUBLIC KEY-----)");
  }
  return jwkKey({ ...jwk }, allowed);
}

/** One key of a JSON Web Key Set. */
export function jwkKey(
  jwk: Readonly<Record<string, unknown>>,
  allowed: readonly Algorithm[],
): VerificationKey | UnusableKey {
  const kind = kindOf(jwk);
  if (kind instanceof UnusableKey) return kind;
  const { kid, alg, use, key_ops: operations } = jwk;
  if (use !== undefined && use !== "sig") return new UnusableKey("it is not for signatures (use)");
  if (Array.isArray(operations) && !operations.includes("verify")) {
    return new UnusableKey("it is not for verifying (key_ops)");
  }
  const possible = algorithmsOf(kind, allowed).filter((name) => alg === undefined || name === alg);
  if (possible.length === 0) return new UnusableKey("none of its algorithms is allowed");
  return new PublicKey(typeof kid === "string" ? kid : null, kind, possible, publicPart(jwk));
}

class PublicKey implements VerificationKey {
  readonly id: string | null;
  readonly kind: KeyKind;
  readonly algorithms: readonly Algorithm[];
  readonly #jwk: JWK;
  readonly #materials = new Map<Algorithm, Promise<CryptoKey | Uint8Array>>();

  constructor(id: string | null, kind: KeyKind, algorithms: readonly Algorithm[], jwk: JWK) {
    this.id = id;
    this.kind = kind;
    this.algorithms = algorithms;
    this.#jwk = jwk;
  }

  material(algorithm: Algorithm): Promise<CryptoKey | Uint8Array> {
    let material = this.#materials.get(algorithm);
    if (material === undefined) {
      material = importJWK(this.#jwk, algorithm);
      this.#materials.set(algorithm, material);
    }
    return material;
  }
}

function kindOf(jwk: Readonly<Record<string, unknown>>): KeyKind | UnusableKey {
  const { kty, crv } = jwk;
  if (kty === "oct") return new UnusableKey("it is a secret, and secrets do not belong among public keys");
  if (kty === "RSA") {
    const bits = parseKey(jwk)?.asymmetricKeyDetails?.modulusLength;
    if (bits === undefined) return broken;
    return bits >= rsaBitsMin ? "rsa" : new UnusableKey(`it has ${bits} bits, less than ${rsaBitsMin}`);
  }
  const isKnown =
    (kty === "EC" && (crv === "P-256" || crv === "P-384" || crv === "P-521")) ||
    (kty === "OKP" && crv === "Ed25519");
  if (isKnown) return parseKey(jwk) === null ? broken : (crv as KeyKind);
  return new UnusableKey("it is of a kind that is not understood: RSA, EC (P-256, P-384, P-521) or Ed25519");
}

const broken = new UnusableKey("a part of it is missing or wrong");

function parseKey(jwk: Readonly<Record<string, unknown>>): KeyObject | null {
  try {
    return createPublicKey({ key: publicPart(jwk) as JsonWebKey, format: "jwk" });
  } catch {
    return null;
  }
}

/** Whatever else stands in the key, a private part above all, goes no further. */
function publicPart({ kty, crv, n, e, x, y }: Readonly<Record<string, unknown>>): JWK {
  const parts = Object.entries({ kty, crv, n, e, x, y }).filter(([, part]) => part !== undefined);
  return Object.fromEntries(parts) as JWK;
}
