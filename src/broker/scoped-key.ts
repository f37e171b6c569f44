import type { PublishRequest } from "../core/publication.ts";

/** The key as a topic remembers it: two publishers' equal keys are different ones. */
export function scopedKey({ key, publisher }: PublishRequest): string | undefined {
  // No publisher's name has a blank in it, so that none can pretend to be another's key.
  return key === undefined || publisher === undefined ? key : `${publisher} ${key}`;
}
