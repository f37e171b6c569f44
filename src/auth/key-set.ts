import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Algorithm } from "./algorithms.ts";
import { jwkKey, UnusableKey, type VerificationKey } from "./verification-key.ts";

/** What a token says of the key it was signed with. Compared with what is known, and used for nothing else. */
export interface KeyHint {
  readonly algorithm: Algorithm;
  readonly keyId: string | null;
}

/** Where keys for tokens come from. */
export interface KeySource {
  /** The keys that may have signed such a token, none if there are none; a Failure when it cannot be known now. */
  find(hint: KeyHint): MaybePromise<readonly VerificationKey[] | Failure>;
}

/** Keys of one JSON Web Key Set at most. */
const keysMax = 100;

/** Those of the keys that may have signed such a token. */
export function matching(keys: readonly VerificationKey[], { algorithm, keyId }: KeyHint): VerificationKey[] {
  return keys.filter(
    ({ id, algorithms }) => algorithms.includes(algorithm) && (id === null || keyId === null || id === keyId),
  );
}

/** The keys of a JSON Web Key Set, and why others in it are passed over. A text that is none is an UnusableKey. */
export function parseKeySet(
  text: string,
  allowed: readonly Algorithm[],
): { keys: VerificationKey[]; passedOver: string[] } | UnusableKey {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new UnusableKey("it is not JSON");
  }
  const list = (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) return new UnusableKey('it is no JSON Web Key Set: {"keys":[…]}');
  if (list.length > keysMax) return new UnusableKey(`it has more than ${keysMax} keys`);
  const keys: VerificationKey[] = [];
  const passedOver: string[] = [];
  for (const [index, jwk] of list.entries()) {
    const isObject = typeof jwk === "object" && jwk !== null && !Array.isArray(jwk);
    const key = isObject ? jwkKey(jwk, allowed) : new UnusableKey("it is no object");
    if (key instanceof UnusableKey) passedOver.push(`key ${index}: ${key.reason}`);
    else keys.push(key);
  }
  return keys.length > 0 ? { keys, passedOver } : new UnusableKey(noneUsable(passedOver));
}

function noneUsable(passedOver: readonly string[]): string {
  return ["it has no key to check tokens with", ...passedOver.slice(0, 5)].join("; ");
}
