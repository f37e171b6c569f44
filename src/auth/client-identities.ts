import { userTopic } from "../core/topic-name.ts";
import type { Claims, FanfareClaim } from "./claims.ts";
import { ClientGrants, ClientPatterns } from "./grants.ts";
import type { Identity } from "./identity.ts";

/** Different sets of patterns that are kept compiled. */
const patternsKeptMax = 1000;

/** Makes identities of tokens' claims. Thousands of users with equal grants share what is compiled of them. */
export class ClientIdentities {
  /** By the claim's text, the least recently used first. */
  readonly #patterns = new Map<string, ClientPatterns>();

  identify({ userId, tokenId, issuedAtMs, expiresAtMs, fanfare }: Claims): Identity {
    return {
      kind: "user",
      userId,
      name: null,
      publisher: `user:${userId}`,
      role: fanfare.role ?? null,
      grants: new ClientGrants(this.#compiled(fanfare), userTopic(userId)),
      token: { id: tokenId, issuedAtMs, expiresAtMs },
    };
  }

  #compiled({ subscribe, publish, presence, history }: FanfareClaim): ClientPatterns {
    const text = JSON.stringify([subscribe, publish, presence, history]);
    const known = this.#patterns.get(text);
    if (known !== undefined) {
      this.#patterns.delete(text);
      this.#patterns.set(text, known);
      return known;
    }
    const compiled = new ClientPatterns({ subscribe, publish, presence, history });
    this.#patterns.set(text, compiled);
    if (this.#patterns.size > patternsKeptMax) {
      const [oldest] = this.#patterns.keys();
      this.#patterns.delete(oldest!);
    }
    return compiled;
  }
}

/** Somebody without a token, where sockets are anonymous. */
export function anonymousIdentity(subscribe: readonly string[]): Identity {
  return {
    kind: "anonymous",
    userId: null,
    name: null,
    publisher: undefined,
    role: null,
    grants: new ClientGrants(new ClientPatterns({ subscribe }), null),
    token: null,
  };
}
