import { nativeOfMembers } from "../hub/membership.ts";
import type { Channel } from "../hub/ports.ts";
import type { Link } from "./link.ts";
import type { Standing } from "./standing.ts";

/**
 * Through which native topics a connection reads a topic: the one of its publications and, if its client may see who
 * comes and goes, that of the members. Nothing is remembered of it here: the runtime knows what a socket has joined.
 */

const nativeOf = (topic: string) => `json/${topic}`;

export function joinNative(link: Link, { topic, native }: Channel, standing: Standing): void {
  link.join(native);
  if (standing.seesMembers(topic)) link.join(nativeOfMembers(native));
}

export function quitNative(link: Link, topic: string): void {
  const native = nativeOf(topic);
  link.quit(native);
  link.quit(nativeOfMembers(native));
}

/** What its client may see, or what the topic tells, is another thing now. */
export function reconsiderMembers(link: Link, topic: string, standing: Standing): void {
  const native = nativeOf(topic);
  // One that still waits for the topic joins both when it is let in.
  if (!link.reads(native)) return;
  if (standing.seesMembers(topic)) link.join(nativeOfMembers(native));
  else link.quit(nativeOfMembers(native));
}
