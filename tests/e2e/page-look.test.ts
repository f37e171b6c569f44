import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { connect, launchBrowser, openTab, say, type Tab, waitForStatus } from "../support/browser.ts";
import { startTestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(30_000);

let browser: Browser;
let server: RunningServer;
const tabs: Tab[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  server = await startTestServer({ notificationIntervalMs: 0 });
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});
afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.close();
});

async function open(options: BrowserContextOptions = {}): Promise<Tab> {
  const tab = await openTab(browser, server.url, options);
  tabs.push(tab);
  return tab;
}

/** How light the page's ground is, from 0 to 255. */
async function groundLightness(page: Page): Promise<number> {
  const color = String(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
  const channels = color.match(/\d+/g)!.slice(0, 3).map(Number);
  return channels.reduce((sum, channel) => sum + channel, 0) / 3;
}

test("loads from its own host alone, and its policy has nothing to complain of", async () => {
  const tab = await open();
  await connect(tab, "Alice");
  await say(tab, "hello https://example.com/");
  await tab.page.locator(".message.own.sent").waitFor();
  await tab.page.getByRole("tab", { name: "Topics" }).click();
  await tab.page.getByRole("button", { name: "chat", exact: true }).click();
  await tab.page.getByRole("region", { name: "chat", exact: true }).getByText("hello").waitFor();
  await tab.page.getByRole("button", { name: "Dark mode" }).click();
  await tab.page.getByRole("button", { name: /change name/ }).click();
  expect([...tab.hosts]).toEqual([new URL(server.url).host]);
  expect(tab.complaints).toEqual([]);
});

test("the policy is there: the browser refuses inline scripts and markup made of text", async () => {
  const { page } = await open();
  const refused = await page.evaluate(`(() => {
    try { document.body.innerHTML = "<b>x</b>"; return false; } catch { return true; }
  })()`);
  expect(refused).toBe(true);
  const response = await page.request.get(server.url, { headers: { accept: "text/html" } });
  expect(response.headers()["content-security-policy"]).toContain("default-src 'none'");
  expect(await response.text()).not.toMatch(/ style=|<style|<script(?![^>]* src=)| on[a-z]+=/);
});

test("is dark where the system is, and where the reader chose it, until chosen otherwise", async () => {
  const { page } = await open({ colorScheme: "dark" });
  expect(await groundLightness(page)).toBeLessThan(60);
  const toggle = page.getByRole("button", { name: "Dark mode" });
  expect(await toggle.getAttribute("aria-pressed")).toBe("true");
  await toggle.click();
  expect(await groundLightness(page)).toBeGreaterThan(200);
  await page.reload();
  expect(await groundLightness(page)).toBeGreaterThan(200);
  await toggle.click();
  expect(await groundLightness(page)).toBeLessThan(60);
  // Back at what the system says, it follows the system again.
  await page.emulateMedia({ colorScheme: "light" });
  expect(await groundLightness(page)).toBeGreaterThan(200);
});

test("fits a phone: nothing to scroll sideways, the composer in sight, targets large enough", async () => {
  const tab = await open({ viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
  await connect(tab, "Alice with a rather long name");
  const { page } = tab;
  await say(tab, `a_very_long_word_${"x".repeat(200)}`);
  await page.locator(".message.own.sent").waitFor();
  for (const view of ["Chat", "Topics"]) {
    await page.getByRole("tab", { name: view }).click();
    const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
  }
  await page.getByRole("tab", { name: "Chat" }).click();
  const composer = await page.getByRole("textbox", { name: "Message", exact: true }).boundingBox();
  expect(composer!.y + composer!.height).toBeLessThanOrEqual(640);
  for (const name of ["Send", "Connect", "Disconnect", "Dark mode"]) {
    const box = await page.getByRole("button", { name, exact: true }).boundingBox();
    expect(Math.min(box!.width, box!.height)).toBeGreaterThanOrEqual(36);
  }
});

test("works by keyboard alone, with the focus always in sight", async () => {
  const { page } = await open();
  await waitForStatus(page, "Disconnected");
  const tabTo = async (name: string) => {
    for (let presses = 0; presses < 25; presses += 1) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(`(() => {
        const { ariaLabel, textContent, name, id } = document.activeElement;
        return [ariaLabel, textContent.trim(), name, id].join("\\n");
      })()`);
      if (!String(focused).split("\n").includes(name)) continue;
      // A row of the table shows it around itself, by a pseudo-element of its button.
      const outlines = await page.evaluate(
        `[null, "::after"].map((part) => getComputedStyle(document.activeElement, part).outlineStyle)`,
      );
      expect(outlines).toContain("solid");
      return;
    }
    throw new Error(`25 tabs did not lead to ${name}`);
  };
  await tabTo("name");
  await page.keyboard.type("Keyla");
  await page.keyboard.press("Enter");
  await waitForStatus(page, "Connected");
  // Connecting leads to where one writes.
  await until(async () => (await page.locator(":focus").getAttribute("id")) === "message");
  await page.keyboard.type("typed");
  await page.keyboard.press("Enter");
  await page.locator(".message.own", { hasText: "typed" }).waitFor();
  await page.getByRole("tab", { name: "Chat" }).focus();
  await page.keyboard.press("ArrowRight");
  expect(await page.getByRole("tab", { name: "Topics" }).getAttribute("aria-selected")).toBe("true");
  await page.getByRole("button", { name: "chat", exact: true }).waitFor();
  await tabTo("chat");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "chat", exact: true }).getByText("typed").waitFor();
  await tabTo("topic");
  await tabTo("Publish");
});

test("tells a screen reader: landmarks, names, a polite log, a status", async () => {
  const tab = await open();
  await connect(tab, "Alice");
  const { page } = tab;
  const log = page.getByRole("log", { name: "Messages" });
  expect(await log.getAttribute("aria-live")).toBe("polite");
  await page.getByRole("banner").waitFor();
  await page.getByRole("main").waitFor();
  await page.getByRole("tabpanel", { name: "Chat" }).waitFor();
  const unnamed = await page.evaluate(`[...document.querySelectorAll("button, input, textarea")]
    .filter((control) => !control.ariaLabel && !control.textContent.trim() && !control.labels?.length)
    .map((control) => control.outerHTML)`);
  expect(unnamed).toEqual([]);
});

test("stands still for those who asked for less motion", async () => {
  const { page } = await open({ reducedMotion: "reduce" });
  const moving = await page.evaluate(`(() => {
    document.querySelector("#status").dataset.state = "reconnecting";
    return getComputedStyle(document.querySelector("#status"), "::before").animationName;
  })()`);
  expect(moving).toBe("none");
});
