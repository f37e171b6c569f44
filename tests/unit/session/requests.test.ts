import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.ts";
import { Requests } from "../../../src/session/requests.ts";
import type { UserConnection } from "../../../src/session/user-registry.ts";
import { createFakePorts } from "../../support/fake-ports.ts";

/** A connection that keeps what it was told, and may have something happen in the midst of it. */
class AskedConnection implements UserConnection {
  readonly transport = "websocket";
  readonly userId = "alice";
  readonly openedAt = 0;
  readonly told: string[] = [];
  onTell: () => void = () => {};

  constructor(readonly id: string) {}

  tell(type: string, frame: string): void {
    this.told.push(`${type} ${(JSON.parse(frame) as { correlation_id: string }).correlation_id}`);
    this.onTell();
  }

  disconnect(): void {}

  addTopic(): boolean {
    return true;
  }

  removeTopic(): boolean {
    return true;
  }
}

/** A caller that keeps what it was told. */
class Caller {
  readonly heard: string[] = [];

  response(data: unknown, final: boolean): void {
    this.heard.push(`${final ? "final" : "response"} ${data}`);
  }

  failed(reason: string): void {
    this.heard.push(reason);
  }

  get endings(): number {
    return this.heard.filter((event) => !event.startsWith("response")).length;
  }
}

function table() {
  const { scheduler } = createFakePorts();
  const requests = new Requests(scheduler);
  const ask = (connections: AskedConnection[], correlationId = "c", timeoutMs = 1000) => {
    const caller = new Caller();
    const cancel = requests.ask(connections, { correlationId, timeoutMs, message: "?" }, caller);
    return { caller, cancel: cancel as () => void, failure: cancel instanceof Failure ? cancel.code : null };
  };
  const codeOf = (failure: Failure | null) => failure?.code ?? null;
  const respond = (connection: AskedConnection, data: unknown, final = false, correlationId = "c") =>
    codeOf(requests.respond(connection, correlationId, data, final));
  return { scheduler, requests, ask, respond };
}

const connectionsNamed = (...names: string[]) => names.map((name) => new AskedConnection(name));

describe("a request", () => {
  test("is put to every connection, and streams answers until the first final one", () => {
    const { ask, requests, respond, scheduler } = table();
    const [a, b] = connectionsNamed("a", "b") as [AskedConnection, AskedConnection];
    const { caller } = ask([a, b]);
    expect([a.told, b.told]).toEqual([["request c"], ["request c"]]);
    expect(respond(a, 1)).toBeNull();
    expect(respond(b, 2)).toBeNull();
    expect(respond(a, 3, true)).toBeNull();
    expect(respond(b, 4, true)).toBe("not_found");
    expect(caller.heard).toEqual(["response 1", "response 2", "final 3"]);
    expect([requests.open, scheduler.timers]).toEqual([0, 0]);
  });

  test("is asked once of a connection that is named twice", () => {
    const { ask } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    ask([a, a]);
    expect(a.told).toEqual(["request c"]);
  });

  test("is answered by those who were asked alone", () => {
    const { ask, respond } = table();
    const [a, b] = connectionsNamed("a", "b") as [AskedConnection, AskedConnection];
    const { caller } = ask([a]);
    expect(respond(b, 1, true)).toBe("forbidden");
    expect(respond(a, 1, true, "another")).toBe("not_found");
    expect(caller.heard).toEqual([]);
  });

  test("times out, and late answers are refused", () => {
    const { ask, requests, respond, scheduler } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    const { caller } = ask([a], "c", 1000);
    scheduler.advance(999);
    expect(respond(a, "early")).toBeNull();
    scheduler.advance(1);
    expect(respond(a, "late", true)).toBe("not_found");
    expect(caller.heard).toEqual(["response early", "timeout"]);
    expect(requests.open).toBe(0);
  });

  test("is gone when the last of those who were asked has left, and not before", () => {
    const { ask, requests, scheduler } = table();
    const [a, b] = connectionsNamed("a", "b") as [AskedConnection, AskedConnection];
    const { caller } = ask([a, b]);
    requests.left(a);
    requests.left(a);
    expect(caller.heard).toEqual([]);
    requests.left(b);
    expect(caller.heard).toEqual(["gone"]);
    expect([requests.open, scheduler.timers]).toEqual([0, 0]);
  });

  test("that was answered to the end knows nothing of who leaves afterwards", () => {
    const { ask, requests, respond } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    const { caller } = ask([a]);
    respond(a, 1, true);
    requests.left(a);
    expect(caller.heard).toEqual(["final 1"]);
  });

  test("that was cancelled tells nobody anything more", () => {
    const { ask, requests, respond, scheduler } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    const { caller, cancel } = ask([a]);
    cancel();
    expect(respond(a, 1, true)).toBe("not_found");
    requests.left(a);
    scheduler.advance(10_000);
    expect(caller.heard).toEqual([]);
    expect([requests.open, scheduler.timers]).toEqual([0, 0]);
  });

  test("is not ended by the cancelling of an earlier one with its correlation id", () => {
    const { ask, respond } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    const first = ask([a]);
    respond(a, 1, true);
    const second = ask([a]);
    first.cancel();
    expect(respond(a, 2, true)).toBeNull();
    expect(second.caller.heard).toEqual(["final 2"]);
  });

  test("needs a correlation id that no waiting request has", () => {
    const { ask, respond } = table();
    const [a, b] = connectionsNamed("a", "b") as [AskedConnection, AskedConnection];
    const first = ask([a]);
    expect(ask([b]).failure).toBe("conflict");
    expect(b.told).toEqual([]);
    expect(respond(b, 1)).toBe("forbidden");
    expect(respond(a, 1, true)).toBeNull();
    expect(first.caller.heard).toEqual(["final 1"]);
    expect(ask([b]).failure).toBeNull();
  });

  test("is refused while 10,000 wait, and taken when one of them has ended", () => {
    const { ask, requests, scheduler } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    const open = Array.from({ length: 10_000 }, (_, index) => ask([a], `c${index}`));
    expect(open.every(({ failure }) => failure === null)).toBe(true);
    expect(ask([a], "one too many").failure).toBe("rate_limited");
    open[0]!.cancel();
    expect(ask([a], "there is room").failure).toBeNull();
    requests.left(a);
    expect(open.slice(1).every(({ caller }) => caller.heard.join() === "gone")).toBe(true);
    expect([requests.open, scheduler.timers]).toEqual([0, 0]);
  });
});

describe("a connection that closes while it is being asked", () => {
  test("is gone at once where it was the only one", () => {
    const { ask, requests, scheduler } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    a.onTell = () => requests.left(a);
    const { caller, cancel } = ask([a]);
    expect(caller.heard).toEqual(["gone"]);
    cancel();
    expect(caller.heard).toEqual(["gone"]);
    expect([requests.open, scheduler.timers]).toEqual([0, 0]);
  });

  test("leaves the others to answer", () => {
    const { ask, requests, respond } = table();
    const [a, b] = connectionsNamed("a", "b") as [AskedConnection, AskedConnection];
    a.onTell = () => requests.left(a);
    const { caller } = ask([a, b]);
    expect(respond(a, 1)).toBe("forbidden");
    expect(respond(b, 2, true)).toBeNull();
    expect(caller.heard).toEqual(["final 2"]);
  });

  test("may take one with it that is asked only later", () => {
    const { ask, requests, scheduler } = table();
    const [a, b] = connectionsNamed("a", "b") as [AskedConnection, AskedConnection];
    a.onTell = () => {
      requests.left(b);
      requests.left(a);
    };
    const { caller } = ask([a, b]);
    expect(caller.heard).toEqual(["gone"]);
    expect(b.told).toEqual([]);
    expect([requests.open, scheduler.timers]).toEqual([0, 0]);
  });
});

describe("what ended leaves nothing behind", () => {
  test("no correlation ids with a connection that stays", () => {
    const { ask, respond } = table();
    const [a] = connectionsNamed("a") as [AskedConnection];
    const run = (count: number) => {
      for (let index = 0; index < count; index++) {
        const correlationId = crypto.randomUUID().repeat(3);
        ask([a], correlationId);
        respond(a, 1, true, correlationId);
      }
      a.told.length = 0;
      Bun.gc(true);
      return heapStats().heapSize;
    };
    const before = run(1000);
    // Kept, they would be more than 4 MB.
    expect(run(30_000) - before).toBeLessThan(1_000_000);
  });

  test("no connections that came and went", () => {
    const { ask, requests, respond } = table();
    const gone: WeakRef<AskedConnection>[] = [];
    for (let index = 0; index < 1000; index++) {
      const connection = new AskedConnection(`a${index}`);
      ask([connection], "answered");
      respond(connection, 1, true, "answered");
      ask([connection], "left");
      requests.left(connection);
      gone.push(new WeakRef(connection));
    }
    Bun.gc(true);
    expect(gone.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(50);
  });
});

/** A model of one request: what its caller must have heard. */
interface ModelRequest {
  readonly correlationId: string;
  readonly caller: Caller;
  readonly cancel: () => void;
  readonly asked: Set<AskedConnection>;
  readonly heard: string[];
  readonly dueMs: number;
  isOpen: boolean;
}

const correlationIds = ["c", "d", "e"] as const;
const slots = [0, 1, 2, 3] as const;

type Step =
  | { kind: "ask"; id: string; of: number[]; closing: [teller: number, closed: number][]; timeoutMs: number }
  | { kind: "respond"; id: string; by: number; final: boolean }
  | { kind: "leave"; slot: number }
  | { kind: "cancel"; which: number }
  | { kind: "wait"; ms: number };

const slot = fc.constantFrom(...slots);
const id = fc.constantFrom(...correlationIds);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      id,
      of: fc.uniqueArray(slot, { minLength: 1 }),
      // While the first is told, the second closes: itself, one told before or one to be told.
      closing: fc.oneof(
        { weight: 3, arbitrary: fc.constant<[number, number][]>([]) },
        { weight: 1, arbitrary: fc.array(fc.tuple<[number, number]>(slot, slot), { maxLength: 3 }) },
      ),
      timeoutMs: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("respond" as const), id, by: slot, final: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("leave" as const), slot }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
);

/** The table beside its model, driven by the same steps. */
class World {
  readonly #ports = createFakePorts();
  readonly #requests = new Requests(this.#ports.scheduler);
  readonly #all: ModelRequest[] = [];
  /** Who is connected now; who left is followed by another. */
  readonly #connections = slots.map((slot) => new AskedConnection(`${slot}`));
  #answers = 0;

  run(step: Step): void {
    switch (step.kind) {
      case "ask":
        this.#ask(step);
        break;
      case "respond":
        this.#respond(step.id, this.#connections[step.by]!, step.final);
        break;
      case "leave":
        this.#leave(step.slot);
        break;
      case "cancel": {
        const request = this.#all[step.which];
        request?.cancel();
        if (request !== undefined) request.isOpen = false;
        break;
      }
      case "wait":
        this.wait(step.ms);
        break;
    }
    this.check();
  }

  /** Every caller has heard what it must, and nothing is open that should not be. */
  check(): void {
    for (const { caller, heard } of this.#all) {
      expect(caller.heard).toEqual(heard);
      expect(caller.endings).toBeLessThanOrEqual(1);
    }
    const open = this.#all.filter(({ isOpen }) => isOpen).length;
    expect([this.#requests.open, this.#ports.scheduler.timers]).toEqual([open, open]);
  }

  wait(ms: number): void {
    const nowMs = this.#ports.clock.nowMs + ms;
    for (const request of this.#all) if (request.dueMs <= nowMs) this.#end(request, "timeout");
    this.#ports.scheduler.advance(ms);
  }

  #ask({ id, of, closing, timeoutMs }: Step & { kind: "ask" }): void {
    const connections = of.map((slot) => this.#connections[slot]!);
    const caller = new Caller();
    const request: ModelRequest = {
      correlationId: id,
      caller,
      cancel: () => cancel(),
      asked: new Set(connections),
      heard: [],
      dueMs: this.#ports.clock.nowMs + timeoutMs,
      isOpen: true,
    };
    const isTaken = this.#openWith(id) !== undefined;
    if (!isTaken) this.#all.push(request);
    let cancel: () => void = () => {
      throw new Error("cancelled before it was asked");
    };
    for (const [teller, closed] of closing) {
      const connection = this.#connections[teller]!;
      const before = connection.onTell;
      connection.onTell = () => {
        before();
        this.#leave(closed);
      };
    }
    const result = this.#requests.ask(connections, { correlationId: id, timeoutMs }, caller);
    for (const connection of [...connections, ...this.#connections]) connection.onTell = () => {};
    if (result instanceof Failure) {
      expect([isTaken, result.code]).toEqual([true, "conflict"]);
      return;
    }
    expect(isTaken).toBe(false);
    cancel = result;
  }

  #respond(id: string, connection: AskedConnection, final: boolean): void {
    const data = ++this.#answers;
    const failure = this.#requests.respond(connection, id, data, final);
    const request = this.#openWith(id);
    if (request === undefined) expect(failure?.code).toBe("not_found");
    else if (!request.asked.has(connection)) expect(failure?.code).toBe("forbidden");
    else {
      expect(failure).toBeNull();
      if (final) this.#end(request, `final ${data}`);
      else request.heard.push(`response ${data}`);
    }
  }

  #leave(slot: number): void {
    const connection = this.#connections[slot]!;
    this.#connections[slot] = new AskedConnection(`${slot}`);
    for (const request of this.#all) {
      if (request.asked.delete(connection) && request.asked.size === 0) this.#end(request, "gone");
    }
    this.#requests.left(connection);
  }

  #end(request: ModelRequest, how: string): void {
    if (!request.isOpen) return;
    request.isOpen = false;
    request.heard.push(how);
  }

  #openWith(id: string): ModelRequest | undefined {
    return this.#all.find((request) => request.isOpen && request.correlationId === id);
  }
}

test("whatever happens, every request ends exactly once, with what its model says, and leaves nothing open", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new World();
      for (const one of steps) world.run(one);
      world.wait(1000);
      world.check();
    }),
    { numRuns: 500 },
  );
});
