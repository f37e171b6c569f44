import { expect } from "bun:test";
import { join } from "node:path";
import { type Config, loadConfig } from "../../../../src/config/index.ts";
import type { RunningServer } from "../../../../src/lifecycle/server.ts";
import { startTestServer } from "../../../support/server.ts";
import { until } from "../../../support/until.ts";
import type { Step } from "./migration-steps.ts";

const root = new URL("../../../../", import.meta.url).pathname;
const patienceMs = 3000;

/** What the server would run with, from settings and flags alone. Fails where they are refused. */
export function configOf(env: Record<string, string>, argv: readonly string[] = []): Config {
  const loaded = loadConfig({ argv, env });
  if (loaded.kind !== "run") throw new Error(loaded.text);
  return loaded.config;
}

/** Runs the steps of one row, with a server of its own where one is needed. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  const settings: Record<string, string> = {};
  let argv: readonly string[] = [];
  const others: Step[] = [];
  for (const step of steps) {
    if (step.kind === "setting") settings[step.name] = step.value;
    else if (step.kind === "program") argv = step.argv;
    else if (step.kind === "script") await expectScript(step.runner, step.name);
    else others.push(step);
  }
  const config = configOf(settings, argv);
  if (others.length === 0) return;
  const { host: _host, port: _port, logLevel: _logLevel, ...overrides } = config;
  const run = new Run(await startTestServer(overrides), config);
  try {
    for (const step of others) await run.do(step);
    await run.expectRequest();
  } finally {
    await run.end();
  }
}

async function expectScript(runner: "bun run" | "make", name: string): Promise<void> {
  if (runner === "make") {
    expect(await Bun.file(join(root, "Makefile")).text()).toMatch(new RegExp(`^${name}:`, "m"));
  } else {
    expect((await Bun.file(join(root, "package.json")).json()).scripts).toHaveProperty([name]);
  }
}

/** A WebSocket whose frames are kept as they came. */
interface Connection {
  readonly socket: WebSocket;
  readonly frames: string[];
  code: number | null;
}

class Run {
  readonly #server: RunningServer;
  readonly #config: Config;
  readonly #connections: Connection[] = [];
  readonly #abort = new AbortController();
  /** A request whose answer nothing has been said of yet. */
  #request: Promise<Response> | null = null;

  constructor(server: RunningServer, config: Config) {
    this.#server = server;
    this.#config = config;
  }

  async do(step: Step): Promise<void> {
    switch (step.kind) {
      case "request":
        await this.expectRequest();
        if (step.path.split("?")[0] === this.#config.wsPath) await this.#connect(step.path);
        else this.#ask(step);
        break;
      case "answer":
        await this.#expectAnswer(step.status, step.body);
        break;
      case "send":
        this.#latest.socket.send(step.text);
        break;
      case "receive":
        await this.#expectFrame(step.frame);
        break;
      case "closed":
        await until(() => this.#connections.some(({ code }) => code === step.code), patienceMs);
        break;
      case "stop":
        void this.#server.drain();
        break;
    }
  }

  /** A request that the row says nothing more of must have succeeded. */
  async expectRequest(): Promise<void> {
    const response = await this.#request;
    this.#request = null;
    if (response !== null) expect(response.status, await response.text()).toBeLessThan(400);
  }

  async end(): Promise<void> {
    this.#abort.abort();
    for (const { socket } of this.#connections) socket.close();
    await this.#server.stop();
  }

  get #latest(): Connection {
    const connection = this.#connections.at(-1);
    if (connection === undefined) throw new Error("there is no connection in this row");
    return connection;
  }

  async #connect(path: string): Promise<void> {
    const socket = new WebSocket(this.#server.url.replace("http", "ws") + path);
    const connection: Connection = { socket, frames: [], code: null };
    socket.onmessage = ({ data }) => connection.frames.push(String(data));
    socket.onclose = ({ code }) => {
      connection.code = code;
    };
    this.#connections.push(connection);
    await until(() => connection.frames.length > 0, patienceMs, "welcome");
  }

  #ask({ method, path, headers, body }: Extract<Step, { kind: "request" }>): void {
    const { signal } = this.#abort;
    this.#request = fetch(this.#server.url + path, { method, headers, body, signal });
    this.#request.catch(() => {});
  }

  async #expectAnswer(status: number, body: RegExp): Promise<void> {
    const response = await this.#request;
    this.#request = null;
    if (response === null) throw new Error("there is no request in this row");
    expect(response.status).toBe(status);
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      // A stream need not end.
      if (response.headers.get("content-type")?.startsWith("text/event-stream") && body.test(text)) return;
    }
    expect(text).toMatch(body);
  }

  /** The latest connection gets it; what came before it is passed over. */
  async #expectFrame(frame: RegExp): Promise<void> {
    const { frames } = this.#latest;
    await until(() => frames.some((text) => frame.test(text)), patienceMs).catch(() => {
      throw new Error(`no frame like ${frame.source}; there were\n${frames.join("\n")}`);
    });
    frames.splice(0, frames.findIndex((text) => frame.test(text)) + 1);
  }
}
