import { expect, test } from "bun:test";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.ts";
import { until } from "../../support/until.ts";
import type { PresenceNode } from "./presence-node.ts";
import { usePresence } from "./use-presence.ts";

const cluster = usePresence();

const users = ["alice", "bob", "carol:1", null] as const;
const nodeCount = 3;

type Step =
  | { readonly kind: "enter" | "leave"; readonly node: number; readonly user: number }
  /** Lets so many milliseconds pass: some of what happened before is told, some is not. */
  | { readonly kind: "wait"; readonly ms: number }
  /** A node dies; another one takes its place. */
  | { readonly kind: "kill"; readonly node: number };

/** Much faster than usual. */
const pace = { beatEveryMs: 25, deadAfterMs: 250, speed: 40 };

const node = fc.nat(nodeCount - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("enter" as const), node, user: fc.nat(3) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("leave" as const), node, user: fc.nat(3) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), node }) },
);

/** What is there after all is said: connections of each user on the nodes that live. */
class Model {
  readonly #counts = Array.from({ length: nodeCount }, () => new Map<string | null, number>());

  /** False: nobody was there who could leave. */
  change(nodeIndex: number, userId: string | null, by: number): boolean {
    const count = this.countOn(nodeIndex, userId) + by;
    // A guest stays on every node: nodes look after topics in which they have somebody.
    if (count < (userId === null ? 1 : 0)) return false;
    this.#counts[nodeIndex]!.set(userId, count);
    return true;
  }

  kill(nodeIndex: number): void {
    this.#counts[nodeIndex]!.clear();
  }

  countOn(nodeIndex: number, userId: string | null): number {
    return this.#counts[nodeIndex]!.get(userId) ?? 0;
  }

  count(userId: string | null): number {
    return this.#counts.reduce((sum, _, nodeIndex) => sum + this.countOn(nodeIndex, userId), 0);
  }

  describe(): string {
    const members = users.flatMap((userId) =>
      userId !== null && this.count(userId) > 0 ? [`${userId} ${this.count(userId)}`] : [],
    );
    return `${members.join(", ")}; ${users.reduce((sum, userId) => sum + this.count(userId), 0)}`;
  }
}

async function seenBy({ presence }: PresenceNode): Promise<string> {
  const seen = await presence.presence("t");
  if (seen instanceof Failure) return seen.code;
  const members = [...seen.members].map(([userId, count]) => `${userId} ${count}`).sort();
  return `${members.join(", ")}; ${seen.connections}`;
}

/** Each user comes, leaves, comes, … and is at last as the model says. */
function judge(told: readonly string[], model: Model): string[] {
  return users.flatMap((userId) => {
    if (userId === null) return [];
    const ofUser = told.filter((what) => what.slice(1) === userId).map((what) => what[0]);
    const isOrderly = ofUser.every((sign, index) => sign === (index % 2 === 0 ? "+" : "-"));
    const isPresent = model.count(userId) > 0;
    return isOrderly && (ofUser.at(-1) === "+") === isPresent ? [] : [`${userId}: ${ofUser.join("")}`];
  });
}

async function play(steps: readonly Step[]): Promise<void> {
  const nodes = await cluster.start(nodeCount, pace);
  const told = await cluster.hear("t");
  const model = new Model();
  const enterGuest = (nodeIndex: number) => {
    model.change(nodeIndex, null, 1);
    nodes[nodeIndex]!.presence.enter("t", null);
  };
  for (const nodeIndex of nodes.keys()) enterGuest(nodeIndex);
  for (const step of steps) {
    if (step.kind === "wait") {
      await Bun.sleep(step.ms);
    } else if (step.kind === "kill") {
      model.kill(step.node);
      await nodes[step.node]!.kill();
      const [successor] = await cluster.start(1, pace);
      nodes[step.node] = successor!;
      enterGuest(step.node);
    } else {
      const userId = users[step.user]!;
      if (!model.change(step.node, userId, step.kind === "enter" ? 1 : -1)) continue;
      nodes[step.node]!.presence[step.kind]("t", userId);
    }
  }
  let problem = "";
  await until(async () => {
    const seen = await Promise.all(nodes.map(seenBy));
    problem = [...seen.filter((one) => one !== model.describe()), ...judge(told, model)].join(" | ");
    return problem === "";
  }, 3000).catch(() => {});
  expect({ expected: model.describe(), problem }).toEqual({ expected: model.describe(), problem: "" });
  // Nothing is told after that.
  const count = told.length;
  await Bun.sleep(30);
  expect(told.slice(count)).toEqual([]);
  await Promise.all(nodes.map((one) => one.close()));
  expect(await cluster.redis.cli("EXISTS", nodes[0]!.keys.presence("t"))).toBe("0");
}

test("whatever comes and goes on three nodes, each user comes and leaves once for all of them", async () => {
  const isKept = async (steps: Step[]) => {
    try {
      await play(steps);
    } finally {
      await cluster.reset();
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), isKept), {
    numRuns: 25,
    interruptAfterTimeLimit: 20_000,
  });
}, 30_000);
