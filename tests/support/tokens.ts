import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { importPKCS8, SignJWT } from "jose";

/** Somebody who issues tokens: signs them, and says with what they are checked. */
export interface Issuer {
  readonly algorithm: string;
  /** A token that is valid for an hour, unless the claims say otherwise; `undefined` leaves a claim out. */
  issue(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

export interface PublicIssuer extends Issuer {
  readonly pem: string;
  readonly privatePem: string;
  /** The public key as a JSON Web Key, with more fields. */
  jwk(fields?: Record<string, unknown>): Record<string, unknown>;
}

export const testSecret = "a secret of thirty-two characters, or more";

/** The clock of tests that stand still. */
const realClock = { now: () => Date.now() };

export function secretIssuer(secret = testSecret, clock: { now(): number } = realClock): Issuer {
  return issuerOf("HS256", new TextEncoder().encode(secret), clock);
}

const kinds = {
  RS256: ["rsa", { modulusLength: 2048 }],
  PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  ES384: ["ec", { namedCurve: "P-384" }],
  ES512: ["ec", { namedCurve: "P-521" }],
  EdDSA: ["ed25519", {}],
} as const;

export async function publicIssuer(
  algorithm: keyof typeof kinds,
  clock: { now(): number } = realClock,
): Promise<PublicIssuer> {
  const [type, options] = kinds[algorithm];
  const generate = generateKeyPairSync as (
    type: string,
    options: object,
  ) => { publicKey: KeyObject; privateKey: KeyObject };
  const { publicKey, privateKey } = generate(type, options);
  const privatePem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const key = await importPKCS8(privatePem, algorithm);
  return {
    ...issuerOf(algorithm, key, clock),
    pem: publicKey.export({ type: "spki", format: "pem" }) as string,
    privatePem,
    jwk: (fields = {}) => ({ ...publicKey.export({ format: "jwk" }), ...fields }),
  };
}

function issuerOf(algorithm: string, key: Parameters<SignJWT["sign"]>[0], clock: { now(): number }): Issuer {
  return {
    algorithm,
    issue(claims, header = {}) {
      const now = Math.floor(clock.now() / 1000);
      const payload = { sub: "alice", iat: now, exp: now + 3600, ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg: algorithm, ...header }).sign(key);
    },
  };
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token put together by hand, as an attacker would; `signature` is made of what is signed. */
export function forgeToken(
  header: object | string,
  payload: object | string,
  signature: (signed: string) => string = () => "",
): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${signature(signed)}`;
}

export function hmacSignature(secret: string | Buffer): (signed: string) => string {
  return (signed) => createHmac("sha256", secret).update(signed).digest("base64url");
}
