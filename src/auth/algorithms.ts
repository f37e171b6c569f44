/** The signature algorithms that each kind of key can do, the ones that count by default. */
const byKind = {
  secret: ["HS256"],
  rsa: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
  Ed25519: ["EdDSA", "Ed25519"],
} as const;

export type KeyKind = keyof typeof byKind;
export type Algorithm = (typeof byKind)[KeyKind][number];

const algorithms: ReadonlySet<string> = new Set(Object.values(byKind).flat());

export function isAlgorithm(name: string): name is Algorithm {
  return algorithms.has(name);
}

/**
 * What a key of this kind may have signed with: never an algorithm of another kind, so that a public key can never
 * be taken for a shared secret. `allowed` empty: all that it can do.
 */
export function algorithmsOf(kind: KeyKind, allowed: readonly Algorithm[]): readonly Algorithm[] {
  const possible: readonly Algorithm[] = byKind[kind];
  return allowed.length === 0 ? possible : possible.filter((name) => allowed.includes(name));
}
