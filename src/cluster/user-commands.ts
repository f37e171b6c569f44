import Type from "typebox";
import { type CloseReason, closeCodes } from "../core/close-codes.ts";
import { Failure } from "../core/failure.ts";
import { userIdPattern } from "../core/topic-name.ts";
import { TopicName } from "../protocol/schemas.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import type { Reached } from "./cluster.ts";
import type { KnownNodes } from "./known-nodes.ts";
import { type QuestionKind, questionKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";

const UserId = Type.String({ pattern: userIdPattern });
const Topics = Type.Array(TopicName);
const Count = Type.Object({ connections: Type.Integer({ minimum: 0 }) });

const reasons = Object.keys(closeCodes) as CloseReason[];

const disconnecting = questionKind(
  "user.disconnect",
  Type.Object({ user: UserId, why: Type.Enum(reasons) }),
  Count,
);
const subscribing = questionKind("user.subscribe", Type.Object({ user: UserId, topics: Topics }), Count);
const unsubscribing = questionKind("user.unsubscribe", Type.Object({ user: UserId, topics: Topics }), Count);

type Counted = { readonly connections: number };

/** What is done with all connections of a user, on all nodes. */
export class UserCommands {
  readonly #users: UserRegistry;
  readonly #bus: NodeBus;
  readonly #nodes: KnownNodes;

  constructor(users: UserRegistry, bus: NodeBus, nodes: KnownNodes) {
    this.#users = users;
    this.#bus = bus;
    this.#nodes = nodes;
    bus.onQuestion(disconnecting, ({ user, why }) => ({ connections: users.disconnect(user, why) }));
    bus.onQuestion(subscribing, ({ user, topics }) => ({ connections: users.addTopics(user, topics) }));
    bus.onQuestion(unsubscribing, ({ user, topics }) => ({ connections: users.removeTopics(user, topics) }));
  }

  disconnect(userId: string, why: CloseReason): Promise<Reached | Failure> {
    return this.#reach(this.#users.disconnect(userId, why), disconnecting, { user: userId, why });
  }

  subscribe(userId: string, topics: string[]): Promise<Reached | Failure> {
    return this.#reach(this.#users.addTopics(userId, topics), subscribing, { user: userId, topics });
  }

  unsubscribe(userId: string, topics: string[]): Promise<Reached | Failure> {
    return this.#reach(this.#users.removeTopics(userId, topics), unsubscribing, { user: userId, topics });
  }

  /** `here`: connections of this node; they were reached, whatever comes of the others. */
  async #reach<Question>(
    here: number,
    kind: QuestionKind<Question, Counted>,
    question: Question,
  ): Promise<Reached | Failure> {
    const outcome = await this.#bus.ask(kind, question);
    if (outcome instanceof Failure) return outcome;
    let connections = here;
    for (const answer of outcome.answers.values()) connections += answer.connections;
    return { connections, unanswered: this.#nodes.namesOf(outcome.unanswered) };
  }
}
