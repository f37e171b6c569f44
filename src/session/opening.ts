import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Publication } from "../core/publication.ts";
import type { Hold } from "../hub/open-topics.ts";
import { encodeWelcome, type TopicState, topicState } from "../protocol/encode.ts";
import { type Handshake, sincePosition } from "./handshake.ts";
import { withPatience } from "./patience.ts";
import { askForRecent, notificationsTopic, type Recent, recentBefore } from "./recent.ts";
import type { Session } from "./session.ts";
import { tokenTimes } from "./token-times.ts";

/**
 * Subscribes a new session to its topics and welcomes it, in one block: what is published next follows what
 * `welcome` says. Where the broker has to be asked for that the client waits, though not for long: a topic that
 * takes longer follows as `subscribed`, as do those whose replays would be too much at once.
 */
export function openSession(session: Session, handshake: Handshake): void {
  const hold = session.context.hub.hold(handshake.topics);
  const prepared = prepare(session, handshake, hold.ready);
  if (prepared instanceof Promise) {
    openLater(session, handshake, hold, prepared);
    return;
  }
  welcome(session, handshake, prepared, false);
  hold.release();
}

/** What the client is to be brought up to date with, once its topics can be entered in place. */
function prepare(
  session: Session,
  handshake: Handshake,
  ready: Promise<unknown> | null,
): MaybePromise<Recent | null> {
  if (ready !== null) return prepareLater(session, handshake, ready);
  return handshake.byDefault ? askForRecent(session.context.hub) : null;
}

async function prepareLater(session: Session, handshake: Handshake, ready: Promise<unknown>) {
  await ready;
  return prepare(session, handshake, null);
}

function openLater(
  session: Session,
  handshake: Handshake,
  hold: Hold,
  prepared: Promise<Recent | null>,
): void {
  let recent: Recent | null = null;
  let isLate = true;
  const done = prepared.then((settled) => {
    recent = settled;
    isLate = false;
  });
  session.flow.beginOpening();
  // First of all that waits: whatever the client asks meanwhile comes behind it.
  session.flow.whenTaken(() => welcome(session, handshake, recent, isLate));
  void withPatience(session.context.scheduler, done).then(() => {
    session.flow.opened();
    hold.release();
  });
}

/** `isLate`: some topics had no answer of the broker for as long as a client is made to wait. */
function welcome(session: Session, handshake: Handshake, recent: Recent | null, isLate: boolean): void {
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
        session.join(channel);
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
    // The lane keeps the client's own commands on this topic behind its opening. They have waited long enough if
    // the broker did not answer in time.
    if (entered instanceof Promise && !isLate) session.inOrder(topic, () => entered);
  }
  welcomed = true;
  session.send(
    encodeWelcome({
      connection_id: session.id,
      user_id: session.userId,
      role: session.standing.role,
      node: context.node,
      topics: states,
      message: "Connected to Fanfare",
      ping_interval: context.limits.pingIntervalMs / 1000,
      ...tokenTimes(session.standing.identity, context.clock.now()),
    }),
  );
  for (const { topic, failure } of handshake.refused) session.fail(undefined, failure, topic);
  for (const replay of replays) session.replay(replay);
  if (recent !== null) bringUpToDate(session, states, recent);
  for (const topic of later) {
    session.flow.whenTaken(() => {
      session.inOrder(topic, () =>
        session.subscribe(undefined, topic, sincePosition(handshake.since, topic)),
      );
    });
  }
}

/** Sends the recent notifications, from before the place where the live ones start. */
function bringUpToDate(session: Session, states: readonly TopicState[], recent: Recent): void {
  const { clock, hub, limits } = session.context;
  const state = states.find(({ topic }) => topic === notificationsTopic);
  if (state !== undefined) session.replay(recentBefore(state, recent, hub, limits.recent, clock.now()));
}
