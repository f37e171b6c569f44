import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executableNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const browserArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser that tests drive: `CHROMIUM_PATH`, else the first of the usual names on the PATH. */
function findChromium(): string {
  const given = process.env.CHROMIUM_PATH;
  if (given) return given;
  for (const name of executableNames) {
    const path = Bun.which(name);
    if (path !== null) return path;
  }
  throw new Error(
    `no browser: install chromium, or set CHROMIUM_PATH (looked for ${executableNames.join(", ")})`,
  );
}

/** A headless browser with a profile of its own, which is thrown away when it closes. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: findChromium(), headless: true, args: browserArguments });
}

/** One window with a storage of its own, and what it did that a page should not do. */
export interface Tab {
  readonly page: Page;
  /** Errors and warnings of the console, violations of the content security policy among them; uncaught errors. */
  readonly complaints: readonly string[];
  /** Every host that was asked for anything. */
  readonly hosts: ReadonlySet<string>;
  close(): Promise<void>;
}

export async function openTab(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(8000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== "data:") hosts.add(host);
  });
  page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host));
  await page.goto(url);
  return { page, complaints, hosts, close: () => context.close() };
}

/** Fills in a name, presses Connect and waits until the status says so. */
export async function connect({ page }: Tab, name = ""): Promise<void> {
  if (name !== "") await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await waitForStatus(page, "Connected");
}

export async function waitForStatus(page: Page, status: string): Promise<void> {
  await page.locator("#status", { hasText: new RegExp(`^${status}$`) }).waitFor();
}

/** Writes a message and sends it with Enter. */
export async function say({ page }: Tab, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message", exact: true }).fill(text);
  await page.keyboard.press("Enter");
}
