import { createHash, timingSafeEqual } from "node:crypto";
import type { ApiKey } from "./api-key.ts";
import { KeyGrants } from "./grants.ts";
import type { Identity } from "./identity.ts";

/** Characters of what is compared at most: the longest key there can be. */
const charactersMax = 256;

interface KnownKey {
  readonly digest: Buffer;
  readonly identity: Identity;
}

/** The keys of servers, which may be exchanged at any time. */
export class ServerKeys {
  /** By all that a key says, its secret as a digest. */
  #known: ReadonlyMap<string, KnownKey> = new Map();

  constructor(keys: readonly ApiKey[]) {
    this.replace(keys);
  }

  /** Puts these keys in the place of all others. The identities of keys that stay as they are stay too. */
  replace(keys: readonly ApiKey[]): void {
    const known = new Map<string, KnownKey>();
    for (const key of keys) {
      const digest = digestOf(key.key);
      const described = JSON.stringify([key.name, digest.toString("hex"), key.scopes, key.topics]);
      known.set(described, this.#known.get(described) ?? { digest, identity: identityOf(key) });
    }
    this.#known = known;
  }

  /** Whose key this is; null: nobody's. Takes the same time whichever it is. */
  identify(key: string): Identity | null {
    if (key.length > charactersMax) return null;
    const digest = digestOf(key);
    let found: Identity | null = null;
    for (const known of this.#known.values()) {
      if (timingSafeEqual(known.digest, digest)) found = known.identity;
    }
    return found;
  }

  /** Whether it is of a key that still counts. */
  isCurrent(identity: Identity): boolean {
    for (const known of this.#known.values()) {
      if (known.identity === identity) return true;
    }
    return false;
  }
}

function identityOf({ name, scopes, topics }: ApiKey): Identity {
  return {
    kind: "key",
    userId: null,
    name,
    publisher: `key:${name}`,
    role: null,
    grants: new KeyGrants(scopes, topics),
    token: null,
  };
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
