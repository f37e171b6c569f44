import type { Identity } from "../auth/identity.ts";
import type { PublishRequest } from "../core/publication.ts";

/** A publication as its caller may publish it: a token's is from its subject; a key and open mode say who it is from. */
export function asCaller({ userId, publisher }: Identity, request: PublishRequest): PublishRequest {
  if (userId !== null) return { ...request, sender: userId, publisher };
  return publisher === undefined || request.key === undefined ? request : { ...request, publisher };
}
