import { afterEach, expect, test } from "bun:test";
import { FanfareClient, type FanfareOptions } from "../../../src/client/index.ts";
import { until } from "../../support/until.ts";
import { keys, token, useServer } from "./use-server.ts";

const it = useServer();
const clients: FanfareClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function createClient(options: FanfareOptions): FanfareClient {
  const client = new FanfareClient({ url: it.url, minDelayMs: 10, maxDelayMs: 50, ...options });
  clients.push(client);
  return client;
}

const grants = { subscribe: ["news"], publish: ["news"], history: ["news"] };
/** Tokens are to the second: this one has between one and two left. */
const short = () => token(grants, { exp: Math.floor(Date.now() / 1000) + 2 });

test("a client stays connected beyond its token, as long as its function gives newer ones", async () => {
  let fetched = 0;
  const client = createClient({
    token: () => {
      fetched++;
      return short();
    },
  });
  const ended: unknown[] = [];
  client.on("disconnected", (how) => ended.push(how));
  const heard: (string | undefined)[] = [];
  client.subscribe("news", { onPublication: ({ message }) => heard.push(message) });
  await client.connect();
  await until(() => fetched >= 4, 8000);
  expect(ended).toEqual([]);
  await client.publish("news", { message: "still here" });
  await until(() => heard.includes("still here"));
}, 15_000);

test("one whose token is a text ends with it", async () => {
  const client = createClient({ token: await short() });
  const errors: string[] = [];
  client.on("error", ({ code }) => errors.push(code));
  await client.connect();
  await until(() => client.state === "closed", 5000);
  expect(errors).toEqual(["unauthorized"]);
});

test("a token that is refused is told, with the server's reason", async () => {
  const client = createClient({ token: await token(grants, { exp: 1_700_000_000 }) });
  expect(client.connect()).rejects.toMatchObject({
    code: "unauthorized",
    message: expect.stringContaining("expired at"),
  });
  await until(() => client.state === "closed", 5000);
});

test("what is not granted is refused, and ends nothing else", async () => {
  const client = createClient({ token: await token(grants) });
  const refused: string[] = [];
  client.subscribe("secret", { onError: ({ code }) => refused.push(code) });
  const news = client.subscribe("news");
  await client.connect();
  await until(() => refused.length > 0 && news.state === "subscribed");
  expect(refused).toEqual(["forbidden"]);
  expect(client.publish("other", { message: "m" })).rejects.toMatchObject({ code: "forbidden" });
  expect(client.presence("news")).rejects.toMatchObject({ code: "forbidden" });
  expect(await client.publish("news", { message: "m" })).toHaveProperty("offset");
});

test("over event streams it does the same by headers alone", async () => {
  const client = createClient({ transports: ["sse"], token: async () => await token(grants) });
  const heard: (string | undefined)[] = [];
  const news = client.subscribe("news", { onPublication: ({ sender }) => heard.push(sender) });
  await client.connect();
  await until(() => news.state === "subscribed");
  await client.publish("news", { message: "m" });
  await until(() => heard.length > 0);
  expect(heard).toEqual(["alice"]);
  expect(client.publish("other", { message: "m" })).rejects.toMatchObject({ code: "forbidden" });
});

test("a stream that ends with its token goes on with the next one, without a gap", async () => {
  const client = createClient({ transports: ["sse"], token: short });
  const heard: (string | undefined)[] = [];
  const breaks: unknown[] = [];
  const news = client.subscribe("news", {
    onPublication: ({ message }) => heard.push(message),
    onBreak: (gap) => breaks.push(gap),
  });
  await client.connect();
  await until(() => news.state === "subscribed");
  for (let count = 0; count < 40; count++) {
    await it.publish("news", String(count));
    await Bun.sleep(100);
  }
  await until(() => heard.includes("39"), 5000);
  expect(heard).toEqual(Array.from({ length: 40 }, (_, count) => String(count)));
  expect(breaks).toEqual([]);
}, 20_000);

test("a service connects with its key", async () => {
  const client = createClient({ token: keys.all });
  const welcome = await client.connect();
  expect(welcome.user_id).toBeNull();
  expect(await client.status()).toHaveProperty("node", it.server.node);
});
