import { expect, test } from "bun:test";
import { tryToRespond } from "../../e2e/seeds/support/bridge-caller.ts";
import { until } from "../../support/until.ts";
import { useNodes } from "./use-nodes.ts";

const nodes = useNodes(3);

let users = 0;
const someone = () => `user-${++users}`;
let ids = 0;
const correlationId = () => `c-${++ids}`;

const respond = (correlation_id: string, data: unknown, final: boolean) => ({
  type: "response",
  correlation_id,
  data,
  final,
});

test("a request reaches all connections of a user on all nodes, and their answers stream back in order", async () => {
  const [alice, id] = [someone(), correlationId()];
  const clients = [
    await nodes.connect(0, `topics=&user_id=${alice}`),
    await nodes.connect(1, `topics=&user_id=${alice}`),
    await nodes.connect(1, `topics=&user_id=${alice}`),
  ] as const;
  const stream = await nodes.read(2, `user_id=${alice}&topic=user:${alice}`);
  const answers = await nodes.send(2, { user_id: alice, message: "?", data: { n: 1 }, correlation_id: id });
  const request = { type: "request", correlation_id: id, message: "?", data: { n: 1 }, timeout_ms: 30_000 };
  for (const client of clients) expect(await client.next("request")).toEqual(request);
  expect((await stream.next("request")).data).toEqual(request);
  for (let count = 0; count < 20; count++) clients[1].send(respond(id, count, false));
  for (let count = 0; count < 20; count++) expect((await answers.next("response")).data.data).toBe(count);
  clients[0].send(respond(id, "from another", false));
  expect((await answers.next("response")).data.data).toBe("from another");
  clients[2].send(respond(id, "last", true));
  const events = await answers.all();
  expect(events.at(-1)).toEqual({
    type: "response",
    id: null,
    data: { correlation_id: id, data: "last", final: true },
  });
  for (const client of clients) {
    await until(async () => (await tryToRespond(client, id, "late")) === "not_found");
  }
});

test("a request ends with `gone` when everybody has left, on whatever node", async () => {
  const alice = someone();
  const first = await nodes.connect(0, `topics=&user_id=${alice}`);
  const second = await nodes.connect(1, `topics=&user_id=${alice}`);
  const answers = await nodes.send(2, { user_id: alice, message: "?" });
  await Promise.all([first.next("request"), second.next("request")]);
  await first.close();
  await second.close();
  expect((await answers.all()).map(({ data }) => data.code)).toEqual(["gone"]);
});

test("a request ends with `timeout` at its time", async () => {
  const [alice, id] = [someone(), correlationId()];
  const client = await nodes.connect(0, `topics=&user_id=${alice}`);
  const answers = await nodes.send(1, { user_id: alice, data: 1, correlation_id: id, timeout_ms: 100 });
  expect((await answers.all()).map(({ data }) => data.code)).toEqual(["timeout"]);
  await until(async () => (await tryToRespond(client, id, "late")) === "not_found");
});

test("a caller that goes away ends the request on all nodes", async () => {
  const [alice, id] = [someone(), correlationId()];
  const clients = [
    await nodes.connect(0, `topics=&user_id=${alice}`),
    await nodes.connect(1, `topics=&user_id=${alice}`),
  ];
  const answers = await nodes.send(2, { user_id: alice, data: 1, correlation_id: id });
  for (const client of clients) await client.next("request");
  answers.abort();
  for (const client of clients) {
    await until(async () => (await tryToRespond(client, id, "late")) === "not_found");
  }
});

test("a caller that goes away before anybody is found ends the request as well", async () => {
  const [alice, id] = [someone(), correlationId()];
  const client = await nodes.connect(0, `topics=&user_id=${alice}`);
  for (let round = 0; round < 20; round++) {
    const abort = new AbortController();
    const body = JSON.stringify({ user_id: alice, data: 1, correlation_id: id });
    const asking = fetch(`${nodes.url(1)}/sse/send`, { method: "POST", body, signal: abort.signal });
    setTimeout(() => abort.abort(), round / 8);
    await asking.then((answer) => answer.body?.cancel()).catch(() => {});
  }
  await until(async () => (await tryToRespond(client, id, "late")) === "not_found");
  // The correlation id is free again at the caller's node.
  const answers = await nodes.send(1, { user_id: alice, data: 1, correlation_id: id, timeout_ms: 50 });
  expect(answers.response.status).toBe(200);
});

test("requests of two nodes with one correlation id do not mix", async () => {
  const [alice, id] = [someone(), correlationId()];
  const client = await nodes.connect(2, `topics=&user_id=${alice}`);
  const first = await nodes.send(0, { user_id: alice, message: "first", correlation_id: id });
  const askedFirst = await client.next("request");
  const second = await nodes.send(1, { user_id: alice, message: "second", correlation_id: id });
  const askedSecond = await client.next("request");
  expect([askedFirst.correlation_id, askedSecond.message]).toEqual([id, "second"]);
  const taken = await nodes.post(0, "/sse/send", { user_id: alice, message: "third", correlation_id: id });
  expect([taken.status, taken.body.error.code]).toEqual([409, "conflict"]);
  client.send(respond(askedSecond.correlation_id, "to the second", true));
  client.send(respond(askedFirst.correlation_id, "to the first", true));
  for (const [answers, data] of [
    [first, "to the first"],
    [second, "to the second"],
  ] as const) {
    expect((await answers.all()).map((event) => event.data)).toEqual([
      { correlation_id: id, data, final: true },
    ]);
  }
});

test("a request to a user who is connected nowhere is not found", async () => {
  const { status, body } = await nodes.post(0, "/sse/send", { user_id: someone(), message: "?" });
  expect([status, body.error.code]).toEqual([404, "not_found"]);
});

test("a response that nobody waits for is not found on any node", async () => {
  for (const node of [0, 1]) {
    const client = await nodes.connect(node, `topics=&user_id=${someone()}`);
    expect(await tryToRespond(client, correlationId(), 1)).toBe("not_found");
  }
});
