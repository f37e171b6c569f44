import { expect, test } from "bun:test";
import { Emitter } from "../../../src/client/emitter.ts";

interface Events {
  number: number;
  text: string;
}

function emitter() {
  const errors: unknown[] = [];
  return { errors, emitter: new Emitter<Events>((error) => errors.push(error)) };
}

test("hands payloads to the handlers of the event, in their order, until they are removed", () => {
  const { emitter: events } = emitter();
  const seen: string[] = [];
  const remove = events.on("number", (value) => seen.push(`first ${value}`));
  events.on("number", (value) => seen.push(`second ${value}`));
  events.on("text", (value) => seen.push(value));
  events.emit("number", 1);
  remove();
  remove();
  events.emit("number", 2);
  expect(seen).toEqual(["first 1", "second 1", "second 2"]);
});

test("the same function added twice is two handlers", () => {
  const { emitter: events } = emitter();
  let calls = 0;
  const count = () => {
    calls += 1;
  };
  const remove = events.on("number", count);
  events.on("number", count);
  remove();
  events.emit("number", 1);
  expect(calls).toBe(1);
});

test("a handler that throws keeps no other from being called", () => {
  const { emitter: events, errors } = emitter();
  const seen: number[] = [];
  const trouble = new Error("trouble");
  events.on("number", () => {
    throw trouble;
  });
  events.on("number", (value) => seen.push(value));
  events.emit("number", 7);
  expect(seen).toEqual([7]);
  expect(errors).toEqual([trouble]);
});

test("handlers added while an event is emitted wait for the next one", () => {
  const { emitter: events } = emitter();
  let late = 0;
  events.on("number", () => {
    events.on("number", () => {
      late += 1;
    });
  });
  events.emit("number", 1);
  expect(late).toBe(0);
  events.emit("number", 2);
  expect(late).toBe(1);
});

test("knows whether anybody listens", () => {
  const { emitter: events } = emitter();
  const remove = events.on("text", () => {});
  expect([events.has("text"), events.has("number")]).toEqual([true, false]);
  remove();
  expect(events.has("text")).toBe(false);
});
