import type { Position } from "../core/position.ts";
import type { Publication } from "../core/publication.ts";
import { encodeWelcome, type TopicState } from "../protocol/encode.ts";
import type { Handshake } from "./handshake.ts";
import type { Session } from "./session.ts";

/** A position that no topic has: what a cursor does not hold cannot be recovered. */
export const unknownPosition: Position = { epoch: "unknown", offset: 0 };

/**
 * Subscribes a new session to its topics and welcomes it, in one block: what is published next follows what
 * `welcome` says. Topics whose replays would be too much at once follow as `subscribed`, when the client has
 * taken the others.
 */
export function openSession(session: Session, handshake: Handshake): void {
  const { context } = session;
  const states: TopicState[] = [];
  const replays: (readonly Publication[])[] = [];
  const later: string[] = [];
  const replayBytesMax = context.limits.backpressureLimitBytes / 4;
  let replayBytes = 0;
  let welcomed = false;
  for (const topic of handshake.topics) {
    if (replayBytes > replayBytesMax) {
      later.push(topic);
      continue;
    }
    const entered = session.enter(undefined, topic, sinceOf(handshake, topic), (channel, answer) => {
      const { epoch, offset, recovered } = answer;
      session.join(channel.native);
      const state = recovered === undefined ? { topic, epoch, offset } : { topic, epoch, offset, recovered };
      if (welcomed) {
        session.tellSubscribed(undefined, state, answer.replay);
        return;
      }
      states.push(state);
      replays.push(answer.replay);
      for (const publication of answer.replay) replayBytes += publication.bytes;
    });
    // The lane keeps the client's own commands on this topic behind its opening.
    if (entered instanceof Promise) session.inOrder(topic, () => entered);
  }
  welcomed = true;
  session.send(
    encodeWelcome({
      connection_id: session.id,
      user_id: session.userId,
      role: session.role,
      node: context.node,
      topics: states,
      message: "Connected to Fanfare",
      ping_interval: context.limits.pingIntervalMs / 1000,
    }),
  );
  for (const replay of replays) session.replay(replay);
  for (const topic of later) {
    session.whenTaken(() => {
      session.inOrder(topic, () => session.subscribe(undefined, topic, sinceOf(handshake, topic)));
    });
  }
}

function sinceOf(handshake: Handshake, topic: string): Position | undefined {
  if (handshake.since === null) return undefined;
  return handshake.since.positionOf(topic) ?? unknownPosition;
}
