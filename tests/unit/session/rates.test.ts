import { describe, expect, test } from "bun:test";
import { createSessions } from "./session-harness.ts";

const ping = (id: number) => ({ type: "ping", id });

describe("a client that is too fast", () => {
  test("is told so, by its own id, and what it sent too fast is not carried out", () => {
    const { connect, clock } = createSessions({ rates: { frames: { perSecond: 10, burst: 5 } } });
    const client = connect("topics=t");
    const answers = Array.from({ length: 8 }, (_, id) =>
      client.ask({ type: "publish", id, topic: "t", message: "m" }),
    ).flat();
    expect(answers.filter(({ type }) => type === "ack").map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
    const refusals = answers.filter(({ type }) => type === "error");
    expect(refusals.map(({ id, code }) => [id, code])).toEqual([5, 6, 7].map((id) => [id, "rate_limited"]));
    expect(answers.filter((frame) => "ts" in frame)).toHaveLength(5);
    clock.nowMs += 1000;
    expect(client.ask(ping(9))).toMatchObject([{ type: "pong", id: 9 }]);
  });

  test("and stays so is sent away with 4429", () => {
    const { connect } = createSessions({ rates: { frames: { perSecond: 1, burst: 1 } } });
    const client = connect();
    for (let id = 0; id < 50; id++) client.send(ping(id));
    expect(client.link.closedFor).toBeNull();
    client.send(ping(50));
    expect(client.link.closedFor).toBe("tooFast");
  });

  test("in bytes is refused what is too much, however few its frames are", () => {
    const { connect } = createSessions({ rates: { bytes: { perSecond: 1000, burst: 2000 } } });
    const client = connect();
    const large = { type: "publish", id: 1, topic: "t", message: "é".repeat(800) };
    expect(client.ask(large)).toMatchObject([{ type: "ack" }]);
    expect(client.ask({ ...large, id: 2 })).toMatchObject([{ type: "error", id: 2, code: "rate_limited" }]);
    expect(client.ask(ping(3))).toMatchObject([{ type: "pong" }]);
  });

  test("is refused in plain text and in broken frames too", () => {
    const { connect, errors } = createSessions({ rates: { frames: { perSecond: 1, burst: 1 } } });
    const client = connect();
    client.send("hello");
    client.send("hello");
    client.send("{");
    expect(errors).toEqual(["rate_limited", "rate_limited"]);
  });

  test("does not slow down others; connections of one user count together", () => {
    const { connect } = createSessions({ rates: { userFrames: { perSecond: 1, burst: 3 } } });
    const [first, second] = [connect("user_id=alice&topics="), connect("user_id=alice&topics=")];
    const other = connect("user_id=bob&topics=");
    const types = (client: typeof first) => client.ask(ping(1)).map(({ type }) => type);
    expect([first, second, first, second, other].map(types)).toEqual([
      ["pong"],
      ["pong"],
      ["pong"],
      ["error"],
      ["pong"],
    ]);
  });
});

test("the status is told to administration alone, where it has a port of its own", () => {
  const { connect } = createSessions({ status: null });
  expect(connect().ask({ type: "status_request", id: 1 })).toMatchObject([
    { type: "error", id: 1, code: "forbidden" },
  ]);
  expect(createSessions().connect().ask({ type: "status_request", id: 1 })).toMatchObject([
    { type: "status" },
  ]);
});
