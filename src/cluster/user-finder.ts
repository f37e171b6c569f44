import Type from "typebox";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Scheduler } from "../core/ports.ts";
import { userIdPattern } from "../core/topic-name.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import { questionKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";

const UserIds = Type.Array(Type.String({ pattern: userIdPattern }));

const finding = questionKind(
  "users.find",
  Type.Object({ users: UserIds }),
  Type.Object({ connected: UserIds }),
);

/** User ids in one question. */
const chunk = 500;

/** Someone who wants to know which of some users are connected. */
interface Seeker {
  /** Those not found yet. */
  readonly sought: Set<string>;
  readonly found: Set<string>;
  readonly settle: (found: ReadonlySet<string> | Failure) => void;
}

/**
 * Finds out which users are connected to any node. What is asked in one turn of the event loop goes to the other
 * nodes as one question, so that many pushes at once are few messages. It is the nodes themselves that are asked,
 * not a list that somebody keeps: the answer is as exact as the moment, and coming and going costs nothing.
 */
export class UserFinder {
  readonly #users: UserRegistry;
  readonly #bus: NodeBus;
  readonly #scheduler: Scheduler;
  #waiting: Seeker[] = [];

  constructor(users: UserRegistry, bus: NodeBus, scheduler: Scheduler) {
    this.#users = users;
    this.#bus = bus;
    this.#scheduler = scheduler;
    bus.onQuestion(finding, ({ users: sought }) => ({
      connected: sought.filter((userId) => this.#isHere(userId)),
    }));
  }

  /** Those of the users who are connected. A Failure where one is not connected here, and others cannot be asked. */
  connectedAmong(userIds: Iterable<string>): MaybePromise<ReadonlySet<string> | Failure> {
    const sought = new Set(userIds);
    const found = new Set<string>();
    for (const userId of sought) {
      if (!this.#isHere(userId)) continue;
      found.add(userId);
      sought.delete(userId);
    }
    if (sought.size === 0) return found;
    return new Promise((settle) => {
      this.#waiting.push({ sought, found, settle });
      if (this.#waiting.length === 1) this.#scheduler.endOfTick(() => this.#askAll());
    });
  }

  #isHere(userId: string): boolean {
    return this.#users.connectionsOf(userId).size > 0;
  }

  #askAll(): void {
    const seekers = this.#waiting;
    this.#waiting = [];
    const sought = [...new Set(seekers.flatMap((seeker) => [...seeker.sought]))];
    const questions: Promise<Failure | null>[] = [];
    for (let start = 0; start < sought.length; start += chunk) {
      questions.push(this.#ask(sought.slice(start, start + chunk), seekers));
    }
    void Promise.all(questions).then((outcomes) => {
      const failure = outcomes.find((outcome) => outcome !== null) ?? null;
      // Of no effect for those who know already.
      for (const { found, settle } of seekers) settle(failure ?? found);
    });
  }

  /** Those whose users are all found need not wait for the nodes that have yet to answer. */
  async #ask(users: string[], seekers: readonly Seeker[]): Promise<Failure | null> {
    const outcome = await this.#bus.ask(finding, { users }, ({ connected }) => {
      for (const { sought, found, settle } of seekers) {
        for (const userId of connected) if (sought.delete(userId)) found.add(userId);
        if (sought.size === 0) settle(found);
      }
    });
    return outcome instanceof Failure ? outcome : null;
  }
}
