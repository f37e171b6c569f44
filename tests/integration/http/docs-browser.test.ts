import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Browser, chromium } from "playwright-core";
import { startApplication } from "./support/application-server.ts";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const server = startApplication();
let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
});
afterAll(async () => {
  await browser?.close();
  await server.stop();
});

for (const path of ["/docs", "/docs/"]) {
  test(`${path} is drawn in a browser without any other host`, async () => {
    const page = await browser.newPage();
    const foreign: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol.startsWith("http") && `http://${host}` !== server.url) foreign.push(request.url());
    });
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(server.url + path);
    for (const text of ["/publish/batch", "Publish a batch", "Read a topic's history"]) {
      await page.getByText(text).first().waitFor({ timeout: 20_000 });
    }
    await page.getByRole("button", { name: "Test Request" }).first().click();
    await page.getByRole("button", { name: "Send post request to /publish" }).click();
    await page.getByText("200 OK").waitFor({ timeout: 20_000 });
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  }, 60_000);
}
