import { Failure } from "../../../../src/core/failure.ts";
import type { Position } from "../../../../src/core/position.ts";
import { nativeOfMembers } from "../../../../src/hub/membership.ts";
import type { Admit, Joined, Subscriber } from "../../../../src/hub/ports.ts";
import type { HubUnderTest } from "./hub-harness.ts";
import { FakeSocket, type Received } from "./native-topics.ts";

/** A client that writes down what it gets, in its order. */
export class Client implements Subscriber {
  readonly format = 0;
  readonly userId: string | null;
  readonly socket: FakeSocket;
  readonly answers: Joined[] = [];
  readonly results: (Failure | null)[] = [];
  whenReady?: (admit: Admit) => void;
  readonly #underTest: HubUnderTest;

  constructor(underTest: HubUnderTest, userId: string | null = null) {
    this.#underTest = underTest;
    this.userId = userId;
    this.socket = new FakeSocket(underTest.native);
  }

  subscribe(topic: string, since?: Position, replayBytesMax?: number): void {
    const joined = (channel: { native: string }, answer: Joined) => {
      this.socket.subscribe(channel.native);
      this.socket.subscribe(nativeOfMembers(channel.native));
      this.answers.push(answer);
      this.socket.send(answer);
    };
    const result = this.#underTest.hub.subscribe(this, topic, since, joined, replayBytesMax);
    if (result instanceof Promise) void result.then((settled) => this.results.push(settled));
    else this.results.push(result);
  }

  unsubscribe(topic: string): void {
    this.socket.unsubscribe(`json/${topic}`);
    this.socket.unsubscribe(nativeOfMembers(`json/${topic}`));
    this.#underTest.hub.unsubscribe(this, topic);
  }

  /** What arrived since the last call: offsets, `epoch@offset` for a break, `+replayed@offset` for an answer. */
  seen(): (number | string)[] {
    return this.socket.take().map(describeReceived);
  }
}

function describeReceived(received: Received): number | string {
  switch (received.kind) {
    case "publication":
      return received.publication.offset;
    case "broke":
      return `break@${received.offset}`;
    case "announced":
      return received.frame;
    case "sent": {
      const { offset, recovered, replay } = received.what as Joined;
      const replayed = replay.map((publication) => publication.offset).join(",");
      return `${recovered === undefined ? "live" : recovered}(${replayed})@${offset}`;
    }
  }
}

/** Publishes in place; the last position. */
export function publish({ hub }: HubUnderTest, topic: string, count = 1, message = "m") {
  let last: Position | undefined;
  for (let number = 0; number < count; number++) {
    const outcome = hub.publish({ topic, event: "message", message, store: true });
    if (outcome instanceof Promise || outcome instanceof Failure || outcome === null || outcome === "local")
      throw new Error("refused");
    last = { epoch: outcome.epoch, offset: outcome.offset };
  }
  return last!;
}

/** Lets what was promised happen. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
