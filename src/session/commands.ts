import { refuseAdministration } from "../auth/access.ts";
import { bounds } from "../core/bounds.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { defaultEventType } from "../core/publication.ts";
import {
  encodeHistory,
  encodeHistoryFields,
  encodePong,
  encodePresence,
  encodeStatus,
  encodeUnsubscribed,
} from "../protocol/encode.ts";
import { presenceAnswer } from "../protocol/presence-answer.ts";
import type { Command } from "../protocol/schemas.ts";
import { runChat } from "./chat.ts";
import { notAuthorized, publishAs } from "./publishing.ts";
import { refresh, refuseAuthentication } from "./refresh.ts";
import type { Session } from "./session.ts";

const toldElsewhere = new Failure(
  "forbidden",
  "The status is told to administration alone, on its own port.",
);

type CommandOf<Type extends Command["type"]> = Extract<Command, { type: Type }>;

/** Carries out one command; it answers the client by itself, now or later. */
export function runCommand(session: Session, command: Command): void {
  switch (command.type) {
    case "publish":
      publish(session, command);
      break;
    case "subscribe":
      subscribe(session, command);
      break;
    case "unsubscribe":
      session.inOrder(command.topic, () => {
        session.unsubscribe(command.topic);
        session.standing.displace(command.topic);
        if (command.id !== undefined) session.send(encodeUnsubscribed(command.id, command.topic));
      });
      break;
    case "history":
      session.inOrder(command.topic, () => history(session, command));
      break;
    case "presence":
      session.inOrder(command.topic, () => presence(session, command));
      break;
    case "ping":
      session.send(encodePong(command.id, session.context.clock.now()));
      break;
    case "status_request":
      // No topic is called so: questions about the server are answered in their order.
      session.inOrder("", () => tellStatus(session, command));
      break;
    case "notification":
      runChat(session, command);
      break;
    case "authenticate":
      refuseAuthentication(session, command.id);
      break;
    case "refresh":
      refresh(session, command.id, command.token);
      break;
    case "response":
      respond(session, command);
      break;
  }
}

function tellStatus(session: Session, { id }: CommandOf<"status_request">): MaybePromise<void> {
  const refusal = refuseAdministration(session.standing.identity);
  if (refusal !== null) return session.fail(id, refusal);
  const { status } = session.context;
  if (status === null) return session.fail(id, toldElsewhere);
  const said = status();
  const answer = (settled: object) => session.send(encodeStatus(id, settled));
  return said instanceof Promise ? said.then(answer) : answer(said);
}

function respond(session: Session, command: CommandOf<"response">): void {
  const { id, correlation_id: correlationId, data, final } = command;
  const failure = session.context.requests.respond(session, correlationId, data ?? null, final === true);
  if (failure !== null) session.fail(id, failure);
}

function subscribe(session: Session, command: CommandOf<"subscribe">): void {
  if (command.topic !== undefined) {
    const { id, topic, since } = command;
    session.inOrder(topic, () => session.subscribe(id, topic, since));
    return;
  }
  const topics = command.topics ?? [];
  const { topicsMax } = session.context.limits;
  if (topics.length > topicsMax) {
    session.fail(command.id, new Failure("too_large", `topics: at most ${topicsMax} on one connection`));
    return;
  }
  for (const topic of topics) {
    session.flow.whenTaken(() => {
      session.inOrder(topic, () => session.subscribe(command.id, topic, undefined));
    });
  }
}

function publish(session: Session, command: CommandOf<"publish">): void {
  if (session.standing.role === "user") {
    session.fail(command.id, notAuthorized);
    return;
  }
  publishAs(session, command.id, {
    topic: command.topic,
    event: command.event ?? defaultEventType,
    message: command.message,
    data: command.data,
    sender: session.sender,
    key: command.key,
    correlationId: command.correlation_id,
    tags: command.tags,
    store: command.store !== false,
  });
}

function history(session: Session, command: CommandOf<"history">): MaybePromise<void> {
  const refusal = session.standing.refusal("history", command.topic);
  if (refusal !== null) {
    session.fail(command.id, refusal, command.topic);
    return;
  }
  const { hub, limits } = session.context;
  const query = {
    topic: command.topic,
    limit: Math.min(command.limit ?? bounds.historyPageDefault, bounds.historyPage),
    bytesMax: limits.backpressureLimitBytes / 2,
    since: command.since,
  };
  return session.flow.ask(
    () => hub.history(query),
    (page) => {
      if (page instanceof Failure) {
        session.fail(command.id, page);
        return;
      }
      const fields = encodeHistoryFields(command.topic, page.epoch, page.offset, page.publications);
      session.send(encodeHistory(command.id, fields));
    },
  );
}

function presence(session: Session, command: CommandOf<"presence">): MaybePromise<void> {
  const refusal = session.standing.refusal("presence", command.topic);
  if (refusal !== null) {
    session.fail(command.id, refusal, command.topic);
    return;
  }
  const { hub, limits } = session.context;
  return session.flow.ask(
    () => hub.presence(command.topic),
    (found) => {
      if (found instanceof Failure) {
        session.fail(command.id, found);
        return;
      }
      const answer = presenceAnswer(command.topic, found, limits.presenceMembersMax);
      session.send(encodePresence(command.id, answer));
    },
  );
}
