import { type KeyHint, type KeySource, matching } from "./key-set.ts";
import type { VerificationKey } from "./verification-key.ts";

/** Keys that are configured, and exchanged only when the settings' files are read again. */
export class StaticKeySet implements KeySource {
  #keys: readonly VerificationKey[];

  constructor(keys: readonly VerificationKey[]) {
    this.#keys = keys;
  }

  replace(keys: readonly VerificationKey[]): void {
    this.#keys = keys;
  }

  find(hint: KeyHint): readonly VerificationKey[] {
    return matching(this.#keys, hint);
  }
}
