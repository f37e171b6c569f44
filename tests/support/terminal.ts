import { until } from "./until.ts";

/** A command in a terminal of its own, as a person would use it. */
export class TerminalProgram {
  readonly process: Bun.Subprocess;
  #screen = "";

  constructor(command: string[], env: Record<string, string> = {}) {
    const decoder = new TextDecoder();
    this.process = Bun.spawn(command, {
      env: { PATH: process.env.PATH ?? "", TERM: "dumb", ...env },
      terminal: {
        cols: 200,
        rows: 50,
        data: (_terminal, data) => {
          this.#screen += decoder.decode(data, { stream: true });
        },
      },
    });
  }

  /** All that it has written, without escape sequences. */
  get screen(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are made of them.
    return this.#screen.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "\n");
  }

  /** Types a line and presses Enter. */
  type(line: string): void {
    this.process.terminal?.write(`${line}\r`);
  }

  /** Waits until it has written something that matches. */
  async shows(pattern: RegExp): Promise<string> {
    await until(() => pattern.test(this.screen), 5000, `${pattern} on the screen`).catch((error: Error) => {
      throw new Error(`${error.message}; it shows:\n${this.screen}`);
    });
    return pattern.exec(this.screen)?.[0] ?? "";
  }

  async stop(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
    this.process.terminal?.close();
  }
}
