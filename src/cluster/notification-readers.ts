import Type from "typebox";
import { Failure } from "../core/failure.ts";
import type { KnownNodes } from "./known-nodes.ts";
import { questionKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";
import type { NodeFacts } from "./node-facts.ts";

const counting = questionKind(
  "notifications.readers",
  Type.Object({}),
  Type.Object({ readers: Type.Integer({ minimum: 0 }) }),
);

/** How many WebSockets of the cluster read `notifications`: the number in the answer of `POST /notify`. */
export class NotificationReaders {
  readonly #bus: NodeBus;
  readonly #nodes: KnownNodes;
  readonly #ownFacts: () => NodeFacts;

  constructor(bus: NodeBus, nodes: KnownNodes, ownFacts: () => NodeFacts) {
    this.#bus = bus;
    this.#nodes = nodes;
    this.#ownFacts = ownFacts;
    bus.onQuestion(counting, () => ({ readers: ownFacts().notification_readers }));
  }

  /** Exact where all nodes answer. One that was asked and does not answer counts with what it last said. */
  async count(): Promise<number> {
    const outcome = await this.#bus.ask(counting, {});
    const here = this.#ownFacts().notification_readers;
    if (outcome instanceof Failure) return here;
    let readers = here;
    for (const answer of outcome.answers.values()) readers += answer.readers;
    if (outcome.isComplete) return readers;
    for (const node of outcome.unanswered) readers += this.#nodes.factsOf(node)?.notification_readers ?? 0;
    return readers;
  }
}
