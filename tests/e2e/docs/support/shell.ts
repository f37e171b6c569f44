import { until } from "../../../support/until.ts";
import type { Placeholders } from "./placeholders.ts";

/** How long a command may take to print what is expected, or to end. */
const patienceMs = 15_000;

/** The exit code of a command that was ended with Ctrl-C. */
const interrupted = 130;

const assignment = /^([a-z_]+)=\S/;

interface RunningCommand {
  readonly child: Bun.Subprocess<"ignore", "pipe", "inherit">;
  /** What it has printed so far; `ended` once there is no more. */
  readonly output: { text: string; ended: Promise<void> };
  /** What was expected of it so far. */
  shown: string[];
}

/** Runs the commands of a document, one after the other, as somebody would who types them into a shell. */
export class Shell {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #placeholders: Placeholders;
  readonly #running = new Set<RunningCommand>();
  #last: RunningCommand | null = null;
  #exitCode = 0;

  constructor(options: { folder: string; env?: Record<string, string>; placeholders: Placeholders }) {
    this.#folder = options.folder;
    this.#env = { PATH: process.env.PATH ?? "", ...options.env };
    this.#placeholders = options.placeholders;
  }

  /**
   * Runs a command, whose output must be as expected. When the last line expected is `^C` it is ended once the
   * others are there; when it is `…` it goes on, as in another terminal.
   */
  async run(command: string, expected: readonly string[]): Promise<void> {
    const name = assignment.exec(command)?.[1];
    if (name === undefined) {
      this.#last = this.#start(command);
      await this.#follow(this.#last, expected);
    } else {
      const { child, output } = this.#start(`${command}\nprintf %s "$${name}"`);
      await child.exited;
      await output.ended;
      this.#placeholders.set(name, output.text);
    }
  }

  /** What the last command, which went on, prints next. */
  async goOn(expected: readonly string[]): Promise<void> {
    if (this.#last === null) throw new Error("no command goes on");
    await this.#follow(this.#last, expected);
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((command) => this.#end(command)));
  }

  #start(command: string): RunningCommand {
    // `$?` is the code of the command before.
    const script = `exec 2>&1\n(exit ${this.#exitCode})\n${this.#placeholders.fill(command)}`;
    const child = Bun.spawn(["bash", "-c", script], {
      cwd: this.#folder,
      env: { ...this.#env, ...this.#placeholders.environment },
      stdio: ["ignore", "pipe", "inherit"],
      // A group of its own, so that what the command starts is ended with it.
      detached: true,
    });
    const running = { child, output: collect(child.stdout), shown: [] };
    this.#running.add(running);
    return running;
  }

  async #follow(command: RunningCommand, expected: readonly string[]): Promise<void> {
    const { child, output } = command;
    const isInterrupted = expected.at(-1) === "^C";
    const goesOn = expected.at(-1) === "…";
    command.shown.push(...(isInterrupted || goesOn ? expected.slice(0, -1) : expected));
    const wanted = command.shown.join("\n").trimEnd();
    const more = goesOn ? "\n…" : "";
    const isAsExpected = () => this.#placeholders.matches(wanted + more, output.text.trimEnd());
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    const isEnough = () => (isInterrupted || goesOn) && isAsExpected();
    await until(() => hasEnded() || isEnough(), patienceMs).catch(() => {
      // What is missing is said below.
    });
    if (goesOn && isEnough()) return;
    const isDone = hasEnded() || isEnough();
    if (hasEnded()) await output.ended;
    await this.#end(command);
    this.#exitCode = child.exitCode ?? interrupted;
    if (isDone && isAsExpected()) return;
    throw new Error(
      `it should print\n${wanted}\nand ${isDone ? "" : "does not end, and "}prints\n${output.text}`,
    );
  }

  async #end(command: RunningCommand): Promise<void> {
    const { child } = command;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child.exited;
    this.#running.delete(command);
  }
}

function collect(stream: ReadableStream<Uint8Array>): RunningCommand["output"] {
  const decoder = new TextDecoder();
  const output = { text: "", ended: Promise.resolve() };
  output.ended = (async () => {
    for await (const chunk of stream) output.text += decoder.decode(chunk, { stream: true });
  })();
  return output;
}
