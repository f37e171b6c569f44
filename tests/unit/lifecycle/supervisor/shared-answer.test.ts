import { expect, test } from "bun:test";
import { SharedAnswer } from "../../../../src/lifecycle/worker/shared-answer.ts";

/** Questions that are answered when the test says so. */
function questions(everyMs: number) {
  const asked: ((answer: string) => void)[] = [];
  const shared = new SharedAnswer<string>(everyMs, () => new Promise((resolve) => asked.push(resolve)));
  return { asked, shared };
}

test("all who ask before the question is asked get one answer", async () => {
  const { asked, shared } = questions(0);
  const answers = [shared.get(), shared.get(), shared.get()];
  await Bun.sleep(1);
  expect(asked).toHaveLength(1);
  asked[0]!("first");
  expect(await Promise.all(answers)).toEqual(["first", "first", "first"]);
});

test("who asks while a question is under way gets the answer of the next one, which is not older", async () => {
  const { asked, shared } = questions(0);
  const early = shared.get();
  await Bun.sleep(1);
  const late = [shared.get(), shared.get()];
  await Bun.sleep(1);
  expect(asked).toHaveLength(1);
  asked[0]!("first");
  expect(await early).toBe("first");
  await Bun.sleep(1);
  expect(asked).toHaveLength(2);
  asked[1]!("second");
  expect(await Promise.all(late)).toEqual(["second", "second"]);
});

test("it is not asked more often than it may", async () => {
  let asked = 0;
  const shared = new SharedAnswer(40, async () => ++asked);
  const began = performance.now();
  while (performance.now() - began < 130) await shared.get();
  expect(asked).toBeWithin(3, 6);
});

test("an answer that fails does so for those who asked, and not for the next", async () => {
  let asked = 0;
  const shared = new SharedAnswer(0, async () => {
    asked++;
    if (asked === 1) throw new Error("no answer");
    return asked;
  });
  expect(shared.get()).rejects.toThrow("no answer");
  await Bun.sleep(1);
  expect(await shared.get()).toBe(2);
});
