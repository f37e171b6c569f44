import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import type { Config } from "../../src/config/index.ts";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { connect, launchBrowser, openTab, say, type Tab, waitForStatus } from "../support/browser.ts";
import { startTestServer } from "../support/server.ts";
import { TcpProxy } from "../support/tcp-proxy/tcp-proxy.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

setDefaultTimeout(30_000);

let browser: Browser;
const cleanUps: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(overrides: Partial<Config> = {}): Promise<RunningServer> {
  const server = await startTestServer({ notificationIntervalMs: 0, ...overrides });
  cleanUps.push(() => server.stop());
  return server;
}

async function open(url: string): Promise<Tab> {
  const tab = await openTab(browser, url);
  cleanUps.push(() => tab.close());
  return tab;
}

async function speaker(url: string, query = "topics=&name=Bob"): Promise<WebSocketClient> {
  const client = await WebSocketClient.welcomed(url, query);
  cleanUps.push(() => client.close());
  return client;
}

function proxied(server: RunningServer): TcpProxy {
  const proxy = TcpProxy.start(server.port);
  cleanUps.push(() => proxy.stop());
  return proxy;
}

async function publish(client: WebSocketClient, fields: object): Promise<void> {
  const answer = await client.request({ type: "publish", topic: "chat", event: "echo", ...fields });
  expect(answer.type).toBe("ack");
}

/** The texts of the messages shown, in order. */
async function texts(page: Page): Promise<string[]> {
  return await page.locator("#timeline .message .text").allTextContents();
}

async function waitForTexts(page: Page, expected: string[]): Promise<void> {
  await until(async () => Bun.deepEquals(await texts(page), expected), 8000, "the messages").catch(
    async () => {
      expect(await texts(page)).toEqual(expected);
    },
  );
}

describe("connecting", () => {
  test("a Connect and a Disconnect button, and a status that reads Connected", async () => {
    const { page, ...tab } = await open((await serve()).url);
    await waitForStatus(page, "Disconnected");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await waitForStatus(page, "Connected");
    expect(await page.getByRole("status").first().textContent()).toBe("Connected");
    await page.getByRole("button", { name: "Disconnect" }).click();
    await waitForStatus(page, "Disconnected");
    expect(tab.complaints).toEqual([]);
  });

  test("the name is asked once: a reload has it, and connects again", async () => {
    const tab = await open((await serve()).url);
    await connect(tab, "  Alice   Meyer ");
    await say(tab, "before");
    await waitForTexts(tab.page, ["before"]);
    await tab.page.reload();
    await waitForStatus(tab.page, "Connected");
    await tab.page.getByRole("button", { name: "Alice Meyer: change name" }).waitFor();
    await waitForTexts(tab.page, ["before"]);
    // It knows its own messages again.
    expect(await tab.page.locator(".message.own").count()).toBe(1);
  });

  test("a name changed while connected goes with the next message", async () => {
    const server = await serve();
    const listener = await speaker(server.url, "topics=chat");
    const tab = await open(server.url);
    await connect(tab, "Alice");
    await tab.page.getByRole("button", { name: "Alice: change name" }).click();
    await tab.page.getByRole("dialog").getByRole("textbox").fill("Alicia");
    await tab.page.keyboard.press("Enter");
    await tab.page.getByRole("button", { name: "Alicia: change name" }).waitFor();
    await waitForStatus(tab.page, "Connected");
    await say(tab, "still me");
    const publication = await listener.next("echo");
    expect(publication.sender).toBe("Alicia");
  });
});

describe("messages", () => {
  test("two tabs talk to each other, each with its own on the right", async () => {
    const { url } = await serve();
    const alice = await open(url);
    const bob = await open(url);
    await connect(alice, "Alice");
    await connect(bob, "Bob");
    await say(alice, "Hello Bob");
    await waitForTexts(bob.page, ["Hello Bob"]);
    await say(bob, "Hello Alice");
    const talk = ["Hello Bob", "Hello Alice"];
    await waitForTexts(alice.page, talk);
    await waitForTexts(bob.page, talk);
    expect(await alice.page.locator(".message.own .text").allTextContents()).toEqual(["Hello Bob"]);
    expect(await alice.page.locator(".message:not(.own) .sender").allTextContents()).toEqual(["Bob"]);
    const own = await alice.page.locator(".message.own .bubble").boundingBox();
    const other = await alice.page.locator(".message:not(.own) .bubble").boundingBox();
    expect(own!.x).toBeGreaterThan(other!.x);
    expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  });

  test("goes out as the wire format has it, with Shift+Enter for a new line", async () => {
    const server = await serve();
    const listener = await speaker(server.url, "topics=chat");
    const tab = await open(server.url);
    await connect(tab, "Alice");
    const field = tab.page.getByRole("textbox", { name: "Message", exact: true });
    await field.fill("one");
    await field.press("Shift+Enter");
    await field.pressSequentially("two");
    await field.press("Enter");
    const publication = await listener.next("echo");
    expect(publication).toMatchObject({ topic: "chat", sender: "Alice", message: "one\ntwo", offset: 1 });
    expect(await field.inputValue()).toBe("");
  });

  test("shows what was said before, in order and once", async () => {
    const server = await serve();
    const bob = await speaker(server.url);
    for (let index = 1; index <= 55; index += 1) await publish(bob, { message: `m${index}` });
    const tab = await open(server.url);
    await connect(tab, "Alice");
    await publish(bob, { message: "live" });
    const lastFifty = Array.from({ length: 50 }, (_, index) => `m${index + 6}`);
    await until(async () => (await texts(tab.page)).at(-1) === "live", 8000);
    const shown = await texts(tab.page);
    expect(shown.slice(-50)).toEqual([...lastFifty.slice(1), "live"]);
    expect(new Set(shown).size).toBe(shown.length);
  });

  test("markup in a message, a name or data is shown as text", async () => {
    const server = await serve();
    const attack = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>';
    const mallory = await speaker(server.url, `topics=&name=${encodeURIComponent(attack)}`);
    const tab = await open(server.url);
    await connect(tab, "Alice");
    await publish(mallory, {
      message: `${attack} javascript:alert(1) https://example.com/`,
      data: { attack },
    });
    await publish(mallory, { topic: "notifications", event: "notification", message: attack });
    await publish(mallory, { topic: "alerts", event: "alert", message: attack, data: { severity: attack } });
    const text = tab.page.locator(".message .text");
    await text.waitFor();
    expect(await text.textContent()).toContain(attack);
    await tab.page.locator(".line", { hasText: "onerror" }).waitFor();
    await tab.page.locator(".alert", { hasText: "onerror" }).first().waitFor();
    expect(await tab.page.locator("#timeline img, #timeline script").count()).toBe(0);
    expect(await tab.page.evaluate("window.attacked")).toBeUndefined();
    expect(await text.locator("a").count()).toBe(1);
    expect(await text.locator("a").getAttribute("href")).toBe("https://example.com/");
    expect(tab.complaints).toEqual([]);
  });

  test("notifications are lines, folded when they repeat; alerts are cards by severity", async () => {
    const server = await serve();
    const admin = await speaker(server.url, "topics=&client=admin");
    const tab = await open(server.url);
    await connect(tab, "Alice");
    for (let count = 0; count < 3; count += 1) {
      await publish(admin, { topic: "notifications", event: "notification", message: "tick" });
    }
    await publish(admin, {
      topic: "alerts",
      event: "alert",
      message: "disk full",
      data: { severity: "critical" },
    });
    const line = tab.page.locator(".line.notification");
    await tab.page.locator(".alert.bad", { hasText: "disk full" }).waitFor();
    expect(await line.count()).toBe(1);
    expect(await line.textContent()).toContain("×3");
  });

  test("one that is refused says why and can be sent again or thrown away", async () => {
    const tab = await open(`${(await serve()).url}/?client=user`);
    await connect(tab, "Alice");
    await say(tab, "may I?");
    const failed = tab.page.locator(".message.failed");
    await failed.getByText("You are not authorized").waitFor();
    await failed.getByRole("button", { name: "Try again" }).click();
    await failed.getByText("You are not authorized").waitFor();
    await failed.getByRole("button", { name: "Discard" }).click();
    await waitForTexts(tab.page, []);
  });

  test("unread ones are counted in the title and at the button that leads to them", async () => {
    const server = await serve();
    const bob = await speaker(server.url);
    for (let index = 0; index < 40; index += 1) await publish(bob, { message: `line ${index}` });
    const tab = await open(server.url);
    await connect(tab, "Alice");
    const { page } = tab;
    await page.getByText("line 39", { exact: true }).waitFor();
    expect(await page.locator("#jump").isVisible()).toBe(false);
    await page.getByRole("region", { name: "Conversation" }).hover();
    await page.mouse.wheel(0, -2000);
    await page.getByRole("button", { name: "Jump to newest" }).waitFor();
    await publish(bob, { message: "news 1" });
    await publish(bob, { message: "news 2" });
    const jump = page.getByRole("button", { name: "Jump to newest, 2 unread" });
    await jump.waitFor();
    expect(await page.title()).toBe("(2) Fanfare");
    await page.getByText("New messages", { exact: true }).waitFor({ state: "attached" });
    await jump.click();
    await until(async () => (await page.title()) === "Fanfare");
    expect(await jump.isVisible()).toBe(false);
  });
});

describe("a connection that is lost", () => {
  test("comes back by itself and misses nothing, what was written meanwhile included", async () => {
    const server = await serve();
    const proxy = proxied(server);
    const bob = await speaker(server.url);
    const tab = await open(`http://127.0.0.1:${proxy.port}`);
    await connect(tab, "Alice");
    await publish(bob, { message: "before" });
    await waitForTexts(tab.page, ["before"]);
    proxy.cut();
    await waitForStatus(tab.page, "Reconnecting…");
    await publish(bob, { message: "missed 1" });
    await publish(bob, { message: "missed 2" });
    await say(tab, "written offline");
    await tab.page.locator(".message.own.pending", { hasText: "written offline" }).waitFor();
    proxy.heal();
    await waitForStatus(tab.page, "Connected");
    await tab.page.locator(".message.own.sent", { hasText: "written offline" }).waitFor();
    await publish(bob, { message: "after" });
    await waitForTexts(tab.page, ["before", "missed 1", "missed 2", "written offline", "after"]);
    expect(await tab.page.getByText("may be missing").count()).toBe(0);
  });

  test("says where messages may be missing when too much was missed, and shows the newest", async () => {
    const server = await serve({ resumeLimit: 2 });
    const proxy = proxied(server);
    const bob = await speaker(server.url);
    const tab = await open(`http://127.0.0.1:${proxy.port}`);
    await connect(tab, "Alice");
    await publish(bob, { message: "before" });
    await waitForTexts(tab.page, ["before"]);
    proxy.cut();
    await waitForStatus(tab.page, "Reconnecting…");
    for (let index = 1; index <= 60; index += 1) await publish(bob, { message: `missed ${index}` });
    proxy.heal();
    await waitForStatus(tab.page, "Connected");
    await waitForTexts(tab.page, [
      "before",
      ...Array.from({ length: 50 }, (_, index) => `missed ${index + 11}`),
    ]);
    const rows = await tab.page.locator("#timeline > *").allTextContents();
    const gap = rows.findIndex((row) => row.includes("Some messages may be missing here (chat)"));
    expect(rows[gap - 1]).toContain("before");
    expect(rows[gap + 1]).toContain("missed 11");
  });

  test("says nothing of a break that the history closes", async () => {
    const server = await serve({ resumeLimit: 2 });
    const proxy = proxied(server);
    const bob = await speaker(server.url);
    const tab = await open(`http://127.0.0.1:${proxy.port}`);
    await connect(tab, "Alice");
    await publish(bob, { message: "before" });
    await waitForTexts(tab.page, ["before"]);
    proxy.cut();
    await waitForStatus(tab.page, "Reconnecting…");
    for (let index = 1; index <= 4; index += 1) await publish(bob, { message: `missed ${index}` });
    proxy.heal();
    await waitForTexts(tab.page, ["before", "missed 1", "missed 2", "missed 3", "missed 4"]);
    await tab.page.getByText("may be missing").waitFor({ state: "detached" });
  });

  test("by its own Disconnect resumes at Connect", async () => {
    const server = await serve();
    const bob = await speaker(server.url);
    const tab = await open(server.url);
    await connect(tab, "Alice");
    await tab.page.getByRole("button", { name: "Disconnect" }).click();
    await waitForStatus(tab.page, "Disconnected");
    await publish(bob, { message: "while away" });
    await connect(tab);
    await waitForTexts(tab.page, ["while away"]);
  });

  test("resumes under another name too, however much was missed", async () => {
    const server = await serve();
    const bob = await speaker(server.url);
    const tab = await open(server.url);
    await connect(tab, "Alice");
    await publish(bob, { message: "before" });
    await waitForTexts(tab.page, ["before"]);
    await tab.page.getByRole("button", { name: "Disconnect" }).click();
    await tab.page.getByRole("button", { name: "Alice: change name" }).click();
    await tab.page.getByRole("dialog").getByRole("textbox").fill("Alicia");
    await tab.page.keyboard.press("Enter");
    // More than the history that a newcomer is shown.
    const missed = Array.from({ length: 60 }, (_, index) => `missed ${index}`);
    for (const message of missed) await publish(bob, { message });
    await connect(tab);
    await waitForTexts(tab.page, ["before", ...missed]);
  });

  test("by a drain tells why first", async () => {
    const server = await serve({ shutdownTimeoutMs: 60_000 });
    const tab = await open(server.url);
    await connect(tab, "Alice");
    const drained = server.drain();
    await tab.page.locator(".line.system").waitFor();
    await tab.page.getByRole("button", { name: "Disconnect" }).click();
    await drained;
  });
});
