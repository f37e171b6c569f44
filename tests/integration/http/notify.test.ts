import { afterAll, expect, test } from "bun:test";
import { startApplication } from "./support/application-server.ts";

const server = startApplication();
afterAll(() => server.stop());

async function newest() {
  const answer = await server.fetch("/topics/notifications/history?limit=1");
  return ((await answer.json()) as { publications: Record<string, unknown>[] }).publications[0];
}

test("takes the message in the query, with neither body nor type", async () => {
  const answer = await server.fetch("/notify?message=Hello%2C+all%20%5B1%5D", { method: "POST" });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('{"status":"success","message":"Notification sent to 0 clients"}');
  expect(await newest()).toEqual({
    type: "notification",
    topic: "notifications",
    offset: expect.any(Number),
    ts: expect.any(Number),
    message: "Hello, all [1]",
  });
});

test("tells how many WebSockets were notified, and counts no others", async () => {
  const leave = [1, 2, 3].map(() => server.subscribe("notifications"));
  leave.push(server.subscribe("notifications", { format: 1 }), server.subscribe("chat"));
  const answer = await server.fetch("/notify?message=x", { method: "POST" });
  expect(await answer.json()).toEqual({ status: "success", message: "Notification sent to 3 clients" });
  for (const leaveOne of leave) leaveOne();
});

test("takes a body, which wins over the query", async () => {
  await server.post("/notify?message=query", { message: "body", type: "deploy", data: { version: 2 } });
  expect(await newest()).toMatchObject({ type: "deploy", message: "body", data: { version: 2 } });
  await server.post("/notify?message=query", { type: "deploy" });
  expect(await newest()).toMatchObject({ type: "deploy", message: "query" });
  await server.post("/notify", { data: null });
  expect(await newest()).toMatchObject({ type: "notification", data: null });
});

test("a type without a body is no matter", async () => {
  const headers = { "content-type": "text/xml" };
  expect((await server.fetch("/notify?message=x", { method: "POST", headers })).status).toBe(200);
});

test("an empty message is a message", async () => {
  expect((await server.fetch("/notify?message=", { method: "POST" })).status).toBe(200);
  expect(await newest()).toMatchObject({ message: "" });
});

test("refuses what is no notification, with the path of what is wrong", async () => {
  const cases: [unknown, string][] = [
    ["", "message or data: at least one is needed"],
    [{}, "message or data: at least one is needed"],
    [{ type: "deploy" }, "message or data: at least one is needed"],
    [{ message: 1 }, "message: must be string"],
    [{ message: "x", type: "two words" }, "type: must"],
    [{ message: "x", type: "shutdown_notice" }, "type: this word is a frame type"],
    [["x"], "body: must be a JSON object"],
  ];
  for (const [body, message] of cases) {
    const answer = await server.post("/notify", body);
    expect(answer.status).toBe(422);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe("invalid");
    expect(error.message).toStartWith(message);
  }
});
