import type { NodeFacts } from "../../../src/cluster/node-facts.ts";
import { RemoteCluster } from "../../../src/cluster/remote-cluster.ts";
import type { CloseReason } from "../../../src/core/close-codes.ts";
import { Requests } from "../../../src/session/requests.ts";
import type { DuplicateUser } from "../../../src/session/seats.ts";
import { type UserConnection, UserRegistry } from "../../../src/session/user-registry.ts";
import { createFakePorts, type FakePorts } from "../../support/fake-ports.ts";
import { FakeNetwork, fakeNames } from "./fake-network.ts";

/** A connection that keeps what it was told. */
export class FakeConnection implements UserConnection {
  readonly told: string[] = [];
  readonly openedAt: number;
  readonly topics = new Set<string>();
  closedFor: CloseReason | null = null;
  /** What happens in the midst of its being told something. */
  onTell: () => void = () => {};

  constructor(
    readonly id: string,
    readonly userId: string,
    readonly transport: "websocket" | "sse",
    private readonly node: FakeNode,
  ) {
    this.openedAt = node.now();
    node.users.add(this);
  }

  tell(_type: string, frame: string): void {
    this.told.push(frame);
    this.onTell();
  }

  disconnect(why: CloseReason): void {
    this.closedFor = why;
    this.leave();
  }

  addTopic(topic: string): boolean {
    if (this.transport === "websocket") this.topics.add(topic);
    return this.transport === "websocket";
  }

  removeTopic(topic: string): boolean {
    this.topics.delete(topic);
    return this.transport === "websocket";
  }

  /** It closes, whoever asked for that. */
  leave(): void {
    this.node.users.remove(this);
    this.node.requests.left(this);
  }

  get isOpen(): boolean {
    return this.node.users.connectionsOf(this.userId).has(this);
  }

  /** The correlation ids that it was asked with. */
  get asked(): string[] {
    return this.told.map((frame) => JSON.parse(frame).correlation_id);
  }

  respond(data: unknown, final = false, correlationId = this.asked.at(-1)!): string | null {
    return this.node.requests.respond(this, correlationId, data, final)?.code ?? null;
  }
}

let connections = 0;

/** One node of a test, without sockets. */
export class FakeNode {
  readonly users = new UserRegistry();
  readonly requests: Requests;
  readonly cluster: RemoteCluster;
  readers = 0;

  constructor(
    readonly id: string,
    network: FakeNetwork,
    private readonly ports: FakePorts,
    duplicateUser: DuplicateUser,
  ) {
    this.requests = new Requests(ports.scheduler);
    const { users, requests } = this;
    const clock = { now: () => this.now() };
    const facts = () => this.facts();
    this.cluster = new RemoteCluster(
      { nodeId: id, maxFrameBytes: 65_536 },
      { users, requests, facts, duplicateUser },
      { ...network.join(id, facts), ...ports, clock, names: fakeNames },
    );
  }

  connect(userId: string, transport: "websocket" | "sse" = "websocket"): FakeConnection {
    return new FakeConnection(`connection-${++connections}`, userId, transport, this);
  }

  /** Its own clock, which is not that of the others. */
  now(): number {
    return this.ports.clock.now() + this.id.charCodeAt(0) * 1_000_000;
  }

  facts(): NodeFacts {
    return {
      node: `name-${this.id}`,
      version: "1.0.0",
      pid: 1,
      started_at: 1,
      connections: { websocket: this.users.users, sse: 0 },
      subscriptions: 0,
      notification_readers: this.readers,
      draining: false,
    };
  }
}

export async function createFakeNodes(count: number, duplicateUser: DuplicateUser = "allow") {
  const ports = createFakePorts();
  const network = new FakeNetwork(ports.clock);
  const nodes = Array.from({ length: count }, (_, index) => {
    return new FakeNode("abcdefgh"[index]!, network, ports, duplicateUser);
  });
  network.up();
  await network.settle();
  network.published.length = 0;
  const { scheduler } = ports;
  return {
    nodes: nodes as [FakeNode, FakeNode, FakeNode, ...FakeNode[]],
    network,
    scheduler,
    /** Ends the turn, and delivers all messages until nothing comes of it. */
    async settle(...hanging: string[]): Promise<void> {
      scheduler.turn();
      await network.settle(...hanging);
    },
    /** What a promise came to; "pending" if to nothing yet. */
    async peek<Value>(value: Value | Promise<Value>): Promise<Value | "pending"> {
      await Promise.resolve();
      return await Promise.race([value, Promise.resolve().then(() => "pending" as const)]);
    },
  };
}
