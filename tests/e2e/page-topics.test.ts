import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { connect, launchBrowser, openTab, type Tab } from "../support/browser.ts";
import { startTestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

setDefaultTimeout(30_000);

let browser: Browser;
let server: RunningServer;
const cleanUps: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  server = await startTestServer({ notificationIntervalMs: 0 });
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openTopics(query = ""): Promise<Tab> {
  const tab = await openTab(browser, `${server.url}/${query}#topics`);
  cleanUps.push(() => tab.close());
  return tab;
}

async function client(query: string): Promise<Awaited<ReturnType<typeof WebSocketClient.welcomed>>> {
  const opened = await WebSocketClient.welcomed(server.url, query);
  cleanUps.push(() => opened.close());
  return opened;
}

function row(page: Page, topic: string) {
  return page.getByRole("row").filter({ has: page.getByRole("button", { name: topic, exact: true }) });
}

async function cells(page: Page, topic: string): Promise<string[]> {
  return await row(page, topic).locator("th, td:not(.sparkline-cell)").allTextContents();
}

test("lists every topic with its readers, top offset and rate, kept up to date", async () => {
  const writer = await client("topics=metals:brass");
  await client("topics=metals:brass");
  const { page, complaints } = await openTopics();
  await row(page, "metals:brass").waitFor();
  await until(async () => (await cells(page, "metals:brass"))[3] === "0", 8000, "a first rate");
  expect(await cells(page, "metals:brass")).toEqual(["metals:brass", "2", "0", "0"]);
  const publishing = setInterval(() => {
    writer.send({ type: "publish", topic: "metals:brass", message: "toot" });
  }, 50);
  cleanUps.push(() => clearInterval(publishing));
  await until(async () => Number((await cells(page, "metals:brass"))[3]) >= 5, 8000, "a rate above 5");
  expect(Number((await cells(page, "metals:brass"))[2])).toBeGreaterThan(5);
  const value = page.locator(".chart-value");
  await until(async () => Number(await value.nth(0).textContent()) >= 5, 8000, "publications a second");
  await until(async () => Number(await value.nth(1).textContent()) >= 10, 8000, "deliveries a second");
  await until(async () => (await value.nth(2).textContent()) === "2", 8000, "connections");
  expect(await page.locator(".chart-line").first().getAttribute("d")).toMatch(/^M[\d. ]+L/);
  expect(complaints).toEqual([]);
});

test("asks only while it is looked at", async () => {
  const { page } = await openTopics();
  let polls = 0;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/topics") polls += 1;
  });
  await until(() => polls >= 2, 8000);
  await page.getByRole("tab", { name: "Chat" }).click();
  const pollsAtLeaving = polls;
  // Long enough for two more; one may have been on its way.
  await Bun.sleep(2600);
  expect(polls - pollsAtLeaving).toBeLessThanOrEqual(1);
});

test("sorts by a column and filters by name", async () => {
  const writer = await client("topics=sort:a,sort:b,other");
  await writer.request({ type: "publish", topic: "sort:b", message: "x" });
  const { page } = await openTopics();
  await page.getByRole("searchbox", { name: "Filter topics" }).fill("sort:");
  const names = () => page.locator(".topic-name").allTextContents();
  await until(async () => (await names()).length === 2, 8000);
  expect(await names()).toEqual(["sort:a", "sort:b"]);
  await page.getByRole("button", { name: "Top offset" }).click();
  expect(await names()).toEqual(["sort:b", "sort:a"]);
  expect(await page.getByRole("columnheader", { name: "Top offset" }).getAttribute("aria-sort")).toBe(
    "descending",
  );
});

test("watches a topic: what was said, what is said, who reads it", async () => {
  const alice = await client("topics=watched&user_id=alice");
  await alice.request({ type: "publish", topic: "watched", message: "earlier" });
  const tab = await openTopics();
  await connect(tab);
  const { page } = tab;
  await page.getByRole("button", { name: "watched", exact: true }).click();
  expect(await page.locator(":focus").textContent()).toBe("watched");
  const watch = page.getByRole("region", { name: "watched" });
  await watch.getByText("earlier").waitFor();
  await alice.request({
    type: "publish",
    topic: "watched",
    event: "note",
    message: "live",
    data: { a: [1, null] },
  });
  const newest = watch.getByRole("listitem").first();
  await newest.getByText("live").waitFor();
  expect(await newest.textContent()).toContain('{ "a": [ 1, null ] }');
  expect(await newest.textContent()).toContain("#2");
  await watch.getByText("2 connected").waitFor();
  await watch.getByText("alice", { exact: true }).first().waitFor();
  await watch.getByRole("button", { name: "Pause" }).click();
  await alice.request({ type: "publish", topic: "watched", message: "held back" });
  await watch.getByRole("button", { name: "Resume (1)" }).waitFor();
  expect(await watch.getByText("held back").count()).toBe(0);
  await watch.getByRole("button", { name: "Resume (1)" }).click();
  await watch.getByText("held back").waitFor();
  await watch.getByRole("button", { name: "Stop watching" }).click();
  expect(await page.locator(":focus").textContent()).toBe("watched");
  await until(async () => (await cells(page, "watched"))[1] === "1", 8000, "one reader less");
});

test("publishes to any topic, and shows the position it was given", async () => {
  const reader = await client("topics=orders.eu");
  const tab = await openTopics();
  await connect(tab);
  const { page } = tab;
  const form = page.getByRole("region", { name: "Publish" });
  await form.getByLabel("Topic").fill("orders.eu");
  await form.getByLabel("Event").fill("order.created");
  await form.getByLabel("Key").fill("order-7");
  await form.getByLabel("Message text").fill("Order 7");
  await form.getByLabel("Data").fill('{"total": 12.5, "lines": [1, 2]}');
  await form.getByRole("button", { name: "Publish" }).click();
  const publication = await reader.next("order.created");
  expect(publication).toMatchObject({
    topic: "orders.eu",
    offset: 1,
    message: "Order 7",
    data: { total: 12.5, lines: [1, 2] },
    key: "order-7",
  });
  const { epoch } = reader.welcome.topics[0];
  await form.getByRole("status").getByText(`epoch ${epoch} · offset 1`).waitFor();
  // The key keeps a second press from publishing it again.
  await form.getByRole("button", { name: "Publish" }).click();
  await form.getByLabel("Key").fill("");
  await form.getByLabel("Event").fill("typing");
  await form.getByLabel("Store in the history").uncheck();
  await form.getByRole("button", { name: "Publish" }).click();
  const unstored = await reader.next("typing");
  expect(unstored.offset).toBeUndefined();
  await form.getByRole("status").getByText("not stored").waitFor();
  expect(reader.received.filter((frame) => frame.type === "order.created")).toHaveLength(1);
});

test("says what is wrong with a field before anything is sent", async () => {
  const tab = await openTopics();
  await connect(tab);
  const form = tab.page.getByRole("region", { name: "Publish" });
  await form.getByLabel("Data").fill("{broken");
  await form.getByText(/^Not JSON: /).waitFor();
  await form.getByLabel("Topic").fill("no spaces");
  await form.getByRole("button", { name: "Publish" }).click();
  await form.getByText("Letters, digits").waitFor();
  expect(await form.getByLabel("Topic").getAttribute("aria-invalid")).toBe("true");
  expect(await tab.page.locator(":focus").getAttribute("name")).toBe("topic");
  await form.getByLabel("Topic").fill("fine");
  await form.getByLabel("Data").fill("");
  await form.getByRole("button", { name: "Publish" }).click();
  await form.getByText("Give a message, data, or both.").waitFor();
  expect(await form.getByRole("status").textContent()).toBe("");
});

test("shows an error as the server words it, with what to do about it", async () => {
  const tab = await openTopics("?client=user");
  const form = tab.page.getByRole("region", { name: "Publish" });
  await form.getByLabel("Topic").fill("anything");
  await form.getByLabel("Message text").fill("x");
  await form.getByRole("button", { name: "Publish" }).click();
  await form.getByText("Press Connect, then try again.").waitFor();
  await connect(tab);
  await form.getByRole("button", { name: "Publish" }).click();
  const outcome = form.getByRole("status");
  await outcome.getByText("You are not authorized").waitFor();
  await outcome.getByText("Connect with a role or a token that may.").waitFor();
  await outcome.getByText("forbidden", { exact: true }).waitFor();
});
