import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { launchBrowser, openTab, say, type Tab, waitForStatus } from "../support/browser.ts";
import { startTestServer } from "../support/server.ts";
import { secretIssuer, testSecret } from "../support/tokens.ts";

setDefaultTimeout(30_000);

const key = "key-of-the-operator-0123";
const issuer = secretIssuer();

let browser: Browser;
let server: RunningServer;
const tabs: Tab[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  server = await startTestServer({ jwtSecret: testSecret, apiKeys: [`operator:${key}`] });
});
afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.close();
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

async function open(path = "/"): Promise<Tab> {
  const tab = await openTab(browser, server.url + path);
  tabs.push(tab);
  return tab;
}

const fanfare = { subscribe: ["chat", "notifications", "alerts"], publish: ["chat"], history: ["chat"] };
const token = (claims: Record<string, unknown> = {}) => issuer.issue({ fanfare, ...claims });

const pressConnect = ({ page }: Tab) => page.getByRole("button", { name: "Connect", exact: true }).click();
const dialogOf = ({ page }: Tab) => page.getByRole("dialog", { name: "This server asks who you are" });

async function show(tab: Tab, credential: string): Promise<void> {
  const dialog = dialogOf(tab);
  await dialog.waitFor();
  await dialog.getByLabel("A token, or an API key").fill(credential);
  await dialog.getByRole("button", { name: "Show it" }).click();
}

test("a token is asked for where the server does; a wrong one is explained, a good one lets in", async () => {
  const tab = await open();
  await pressConnect(tab);
  await show(tab, await token({ exp: 1_700_000_000 }));
  await dialogOf(tab).getByText("The token expired at 2023-11-14T22:13:20.000Z").waitFor();
  await show(tab, await token());
  await waitForStatus(tab.page, "Connected");
  await say(tab, "I am let in");
  await tab.page.locator("#timeline .message .text", { hasText: "I am let in" }).waitFor();
  const answer = await fetch(`${server.url}/topics/chat/history`, { headers: { "x-api-key": key } });
  expect(await answer.json()).toMatchObject({ publications: [{ message: "I am let in", sender: "alice" }] });
});

test("a token is kept in the tab: it survives a reload, and is in no address and in no other tab", async () => {
  const tab = await open(`/?token=${await token()}#topics`);
  expect(tab.page.url()).toBe(`${server.url}/#topics`);
  await tab.page.getByRole("tab", { name: "Chat" }).click();
  await pressConnect(tab);
  await waitForStatus(tab.page, "Connected");
  await tab.page.reload();
  await waitForStatus(tab.page, "Connected");
  expect(await tab.page.evaluate(() => JSON.stringify(localStorage))).not.toContain("eyJ");
});

test("the end of a token asks for another", async () => {
  const tab = await open();
  await pressConnect(tab);
  await show(tab, await token({ exp: Math.floor(Date.now() / 1000) + 2 }));
  await waitForStatus(tab.page, "Connected");
  await dialogOf(tab).waitFor({ timeout: 15_000 });
  await show(tab, await token());
  await waitForStatus(tab.page, "Connected");
});

test("the topics are shown to a token as far as it reads; to a key with how the server is", async () => {
  const tab = await open("/#topics");
  await show(tab, await token());
  await tab.page
    .getByRole("cell", { name: "chat", exact: true })
    .or(tab.page.getByText("chat").first())
    .waitFor();
  await waitForStatus(tab.page, "Connected");
  await tab.page.locator("#poll-problem").waitFor({ state: "hidden" });
  const other = await open("/#topics");
  await show(other, key);
  await waitForStatus(other.page, "Connected");
  await other.page.getByLabel("Topic", { exact: true }).fill("user:alice");
  await other.page.getByLabel("Message text").fill("hello");
  await other.page.getByRole("button", { name: "Publish" }).click();
  await other.page.getByText("Published to user:alice").waitFor();
});
