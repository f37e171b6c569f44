import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";

let server: RunningServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.stop();
});

test("a chat message always has a sender, other publications only one that was given", async () => {
  for (const body of [
    { topics: ["chat", "news"], message: "one" },
    { topic: "chat", message: "two", sender: "alice" },
  ]) {
    await fetch(`${server.url}/publish`, { method: "POST", body: JSON.stringify(body) });
  }
  const senders = async (topic: string) => {
    const answer = await fetch(`${server.url}/topics/${topic}/history`);
    const { publications } = (await answer.json()) as { publications: { sender?: string }[] };
    return publications.map(({ sender }) => sender);
  };
  expect(await senders("chat")).toEqual(["server", "alice"]);
  expect(await senders("news")).toEqual([undefined]);
});
