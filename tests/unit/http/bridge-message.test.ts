import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.ts";
import { isTopicName } from "../../../src/core/topic-name.ts";
import {
  checkConnected,
  publicationFor,
  readPush,
  readSend,
  recipientsOf,
} from "../../../src/http/bridge/message.ts";

const userIds = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.stringMatching(/^[A-Za-z0-9_.:@|~=-]{0,260}$/),
);

const limits = { maxFrameBytes: 1000, publicAccounts: [] };
const push = (value: unknown, bytes = 10) => readPush(value, bytes, limits);

/** A cluster in which these users are connected. */
const clusterOf = (...connected: string[]) => ({
  connectedAmong: (userIds: Iterable<string>) =>
    new Set([...userIds].filter((userId) => connected.includes(userId))),
});

describe("a message to a user", () => {
  test("becomes a stored publication in the user's own topic", () => {
    const body = push({ user_id: "alice", message: "hi", data: null, type: "order", sender: "mallory" });
    if (body instanceof Failure) throw new Error(body.message);
    expect(publicationFor("bob", body)).toEqual({
      topic: "user:bob",
      event: "order",
      message: "hi",
      data: null,
      store: true,
    });
  });

  test("is measured by itself in a body that is larger", () => {
    const message = (size: number) => ({ user_id: "alice", message: "x".repeat(size) });
    expect(push(message(800), 100_000)).not.toBeInstanceOf(Failure);
    expect(push(message(1000), 100_000)).toMatchObject({ code: "too_large" });
  });

  test("of whatever JSON: is read, or refused with a code", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const read of [push(value), readSend({ value, bytes: 10 }, limits)]) {
          if (read instanceof Failure) expect(read.code).toBeOneOf(["invalid", "too_large"]);
          else expect(isTopicName(publicationFor(read.user_id, read).topic)).toBe(true);
        }
      }),
    );
  });

  test("of whatever user id: is read if and only if the id makes a topic name", () => {
    fc.assert(
      fc.property(userIds, (user_id) => {
        const fits = isTopicName(`user:${user_id}`) && user_id !== "";
        expect(push({ user_id, message: "x" }) instanceof Failure).toBe(!fits);
      }),
    );
  });
});

describe("its recipients", () => {
  const accounts = ["support", "news"];
  const to = async (message: string | undefined, ...connected: string[]) => {
    const body = { user_id: "alice", data: 1, ...(message === undefined ? {} : { message }) };
    const recipients = recipientsOf(body, accounts);
    return (await checkConnected(recipients, clusterOf(...connected))) ?? recipients.userIds;
  };

  test("the user, if no account is mentioned", async () => {
    expect(await to("hi", "alice")).toEqual(["alice"]);
    expect(await to(undefined, "alice")).toEqual(["alice"]);
    expect(await to("hi", "bob")).toMatchObject({ code: "not_found" });
  });

  test("the accounts that are mentioned instead, all of them or nobody", async () => {
    expect(await to("@news @support", "support", "news")).toEqual(["news", "support"]);
    expect(await to("@news @support", "alice", "support")).toMatchObject({ code: "not_found" });
  });

  test("a failure where it cannot be found out", async () => {
    const failure = new Failure("unavailable", "out of reach");
    const recipients = recipientsOf({ user_id: "alice", data: 1 }, accounts);
    expect(await checkConnected(recipients, { connectedAmong: () => failure })).toBe(failure);
  });
});
