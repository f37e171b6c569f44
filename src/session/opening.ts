import { Failure } from "../core/failure.ts";
import type { Publication } from "../core/publication.ts";
import { encodeWelcome, type TopicState, topicState } from "../protocol/encode.ts";
import { type Handshake, sincePosition } from "./handshake.ts";
import { notificationsTopic, recentOf } from "./recent.ts";
import type { Session } from "./session.ts";

/** Sends the recent notifications, from before the place where the live ones start. */
function bringUpToDate(session: Session, states: readonly TopicState[]): void {
  const { clock, hub, limits } = session.context;
  const state = states.find(({ topic }) => topic === notificationsTopic);
  if (state === undefined) return;
  const kept = hub.broker.kept(notificationsTopic);
  if (kept instanceof Promise || kept instanceof Failure) return;
  const recent = recentOf(kept, limits.recent, clock.now());
  // An offset of another epoch would say something false.
  const told = recent.filter(
    ({ epoch, publication }) => epoch === state.epoch && publication.offset <= state.offset,
  );
  session.replay(told.map(({ publication }) => publication));
}

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
    const entered = session.enter(
      undefined,
      topic,
      sincePosition(handshake.since, topic),
      (channel, answer) => {
        session.join(channel.native);
        const state = topicState(topic, answer);
        if (welcomed) {
          session.tellSubscribed(undefined, state, answer.replay);
          return;
        }
        states.push(state);
        replays.push(answer.replay);
        for (const publication of answer.replay) replayBytes += publication.bytes;
      },
    );
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
  if (handshake.byDefault) bringUpToDate(session, states);
  for (const topic of later) {
    session.whenTaken(() => {
      session.inOrder(topic, () =>
        session.subscribe(undefined, topic, sincePosition(handshake.since, topic)),
      );
    });
  }
}
