import type { PresenceAnswer } from "./encode.ts";

/** Presence as it is answered, with at most `membersMax` members; the number of connections is always whole. */
export function presenceAnswer(
  topic: string,
  presence: { readonly members: ReadonlyMap<string, number>; readonly connections: number },
  membersMax: number,
): PresenceAnswer {
  const members = [];
  for (const [userId, connections] of presence.members) {
    if (members.length >= membersMax) break;
    members.push({ user_id: userId, connections });
  }
  return { topic, members, connections: presence.connections };
}
