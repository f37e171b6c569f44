import type { TerminalProgram } from "../../../support/terminal.ts";
import { until } from "../../../support/until.ts";
import { WebSocketClient } from "../../../support/websocket-client.ts";
import type { Placeholders } from "./placeholders.ts";

/** One WebSocket of a document's examples. */
export interface Conversation {
  /** A line after `> `. */
  say(text: string): void | Promise<void>;
  /** The next line, `< ` and all, must be as expected. */
  hear(expected: string): Promise<void>;
  /** Throws if there is something that was not expected. */
  end(): Promise<void>;
}

/** What wscat says when the connection has ended. */
const disconnected = /^Disconnected /;

function notAsExpected(expected: string, line: string): string {
  return `it should say\n${expected}\nand says\n${line}`;
}

/** With the tests' own client: every frame must be expected, in order. */
export class WireConversation implements Conversation {
  readonly #client: WebSocketClient;
  readonly #placeholders: Placeholders;

  private constructor(client: WebSocketClient, placeholders: Placeholders) {
    this.#client = client;
    this.#placeholders = placeholders;
  }

  /** `path` with its query. */
  static async open(url: string, path: string, placeholders: Placeholders): Promise<WireConversation> {
    const query = placeholders.fill(path).split("?")[1] ?? "";
    return new WireConversation(await WebSocketClient.open(url, query), placeholders);
  }

  say(text: string): void {
    this.#client.send(this.#placeholders.fill(text));
  }

  async hear(expected: string): Promise<void> {
    const line = disconnected.test(expected) ? await this.#hearEnd() : await this.#hearFrame();
    if (!this.#placeholders.matches(expected, line)) throw new Error(notAsExpected(expected, line));
  }

  async end(): Promise<void> {
    // What was sent before the answer to a ping has arrived when that answer has.
    if (this.#client.socket.readyState === WebSocket.OPEN) {
      await this.#client.request({ type: "ping" });
      await this.#client.close();
    }
    const [frame] = this.#client.unread;
    if (frame !== undefined) throw new Error(`it says more than is shown: ${JSON.stringify(frame)}`);
  }

  async #hearFrame(): Promise<string> {
    return `< ${JSON.stringify(await this.#client.next(() => true))}`;
  }

  async #hearEnd(): Promise<string> {
    const { code, reason } = await this.#client.closed;
    return `Disconnected (code: ${code}, reason: "${reason}")`;
  }
}

/** With wscat in a terminal: the lines must appear in order. */
export class TerminalConversation implements Conversation {
  readonly #program: TerminalProgram;
  readonly #placeholders: Placeholders;
  #linesRead = 0;

  constructor(program: TerminalProgram, placeholders: Placeholders) {
    this.#program = program;
    this.#placeholders = placeholders;
  }

  say(text: string): void {
    this.#program.type(this.#placeholders.fill(text));
  }

  async hear(expected: string): Promise<void> {
    await until(() => this.#heard.length > 0, 10_000, expected).catch((error: Error) => {
      throw new Error(`${error.message}; the screen shows:\n${this.#program.screen}`);
    });
    const line = this.#heard[0]!;
    this.#linesRead++;
    if (!this.#placeholders.matches(expected, line)) throw new Error(notAsExpected(expected, line));
  }

  async end(): Promise<void> {
    const [line] = this.#heard;
    if (line !== undefined) throw new Error(`it says more than is shown: ${line}`);
  }

  /** What the server said that has not been asked for, as wscat shows it; neither prompts nor what was typed. */
  get #heard(): string[] {
    const lines = this.#program.screen.split("\n").map((line) => line.trim());
    return lines.filter((line) => /^(?:< |Disconnected )/.test(line)).slice(this.#linesRead);
  }
}
