import { describe, expect, test } from "bun:test";
import { TopicSubscription } from "../../../src/client/subscription.ts";
import type { Position } from "../../../src/client/types.ts";

function subscription(since: Position | null = null) {
  const log: string[] = [];
  let left = 0;
  const subject = new TopicSubscription(
    "t",
    since,
    () => {
      left += 1;
    },
    (error) => {
      throw error;
    },
  );
  subject.on("publication", ({ offset }) => log.push(`publication ${offset}`));
  subject.on("break", ({ from, to }) =>
    log.push(`break ${from.epoch}:${from.offset} ${to.epoch}:${to.offset}`),
  );
  subject.on("subscribed", ({ recovered }) => log.push(`subscribed ${recovered}`));
  subject.on("unsubscribed", ({ code }) => log.push(`unsubscribed ${code}`));
  const receive = (offset?: number) =>
    subject.receive({ type: "message", topic: "t", ts: 1, ...(offset === undefined ? {} : { offset }) });
  const answer = (offset: number, recovered?: boolean, epoch = "e") =>
    subject.answered({ topic: "t", epoch, offset, ...(recovered === undefined ? {} : { recovered }) });
  return { subject, log, receive, answer, left: () => left };
}

describe("positions", () => {
  test("start at the answer and go up with the publications", () => {
    const { subject, receive, answer } = subscription();
    expect(subject.position).toBeNull();
    answer(5);
    expect(subject.position).toEqual({ epoch: "e", offset: 5 });
    receive(6);
    expect(subject.position).toEqual({ epoch: "e", offset: 6 });
  });

  test("stay at the old place when it is resumed, so that the replay is taken", () => {
    const { subject, log, receive, answer } = subscription({ epoch: "e", offset: 3 });
    answer(5, true);
    expect(subject.position).toEqual({ epoch: "e", offset: 3 });
    receive(4);
    receive(5);
    expect(log).toEqual(["subscribed true", "publication 4", "publication 5"]);
  });
});

describe("duplicates", () => {
  test("of one epoch are dropped", () => {
    const { log, receive, answer } = subscription();
    answer(5);
    for (const offset of [5, 6, 6, 4, 7]) receive(offset);
    expect(log).toEqual(["subscribed undefined", "publication 6", "publication 7"]);
  });

  test("cannot be seen without an offset: those are always delivered", () => {
    const { subject, log, receive, answer } = subscription();
    receive();
    answer(5);
    receive();
    expect(log).toEqual(["publication undefined", "subscribed undefined", "publication undefined"]);
    expect(subject.position?.offset).toBe(5);
  });

  test("the same offset in a new epoch is none", () => {
    const { log, receive, answer } = subscription();
    answer(5);
    receive(6);
    answer(0, false, "f");
    receive(1);
    expect(log.slice(2)).toEqual(["subscribed false", "break e:6 f:0", "publication 1"]);
  });
});

describe("breaks", () => {
  test("come with the old and the new position", () => {
    const { log, answer } = subscription({ epoch: "e", offset: 3 });
    answer(9, false);
    expect(log).toEqual(["subscribed false", "break e:3 e:9"]);
  });

  test("are none when nothing lies between", () => {
    const { log, answer, receive } = subscription();
    answer(5);
    receive(6);
    answer(6);
    expect(log.filter((line) => line.startsWith("break"))).toEqual([]);
  });

  test("an answer that does not say whether it resumed, from another place, is one", () => {
    const { log, answer } = subscription({ epoch: "e", offset: 3 });
    answer(5);
    expect(log).toEqual(["subscribed undefined", "break e:3 e:5"]);
  });

  test("a claim to have resumed from another epoch is not believed", () => {
    const { subject, log, answer } = subscription({ epoch: "e", offset: 3 });
    answer(5, true, "f");
    expect(log).toEqual(["subscribed true", "break e:3 f:5"]);
    expect(subject.position).toEqual({ epoch: "f", offset: 5 });
  });

  test("an offset that is skipped is one", () => {
    const { log, answer, receive } = subscription();
    answer(5);
    receive(8);
    expect(log.slice(1)).toEqual(["break e:5 e:7", "publication 8"]);
  });
});

test("between two connections, what has an offset waits for the answer", () => {
  const { subject, log, answer, receive } = subscription();
  answer(5);
  subject.interrupted();
  expect(subject.state).toBe("subscribing");
  receive(7);
  answer(7, true);
  receive(6);
  receive(7);
  expect(log.slice(1)).toEqual(["subscribed true", "publication 6", "publication 7"]);
});

test("unsubscribe leaves once and delivers nothing more", () => {
  const { subject, log, answer, receive, left } = subscription();
  answer(5);
  subject.unsubscribe();
  subject.unsubscribe();
  receive(6);
  receive();
  expect(log.slice(1)).toEqual(["unsubscribed null"]);
  expect([left(), subject.state]).toEqual([1, "unsubscribed"]);
});

test("a handler of a break may unsubscribe", () => {
  const { subject, log, answer, receive } = subscription();
  answer(5);
  subject.on("break", () => subject.unsubscribe());
  receive(8);
  expect(log.slice(1)).toEqual(["break e:5 e:7", "unsubscribed null"]);
});
