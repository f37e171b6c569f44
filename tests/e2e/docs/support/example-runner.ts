import type { Conversation } from "./conversation.ts";
import type { CodeBlock, Document } from "./document.ts";
import type { Shell } from "./shell.ts";

export interface ExamplePorts {
  readonly shell: Shell;
  /** Opens a WebSocket: what a `wire` block's line `GET /ws…` asks for. */
  readonly connect: (path: string) => Promise<Conversation>;
  /** Runs a command that talks; null: it is one that does not. */
  readonly talk?: (command: string) => Conversation | null;
}

/**
 * Does what the examples of a document say, in their order, and compares what comes of it.
 * - `console`: `$ ` begins a command, the lines after it are its output. Of a command that talks, `> ` begins
 *   what is typed, and the other lines are what it shows. A block without a command goes on with the last one.
 * - `wire`: `GET /ws…` opens a WebSocket, `> ` begins what is sent, `< ` what is received, and `Disconnected`
 *   says how it ended. A block without `GET` goes on with the last one.
 */
export class ExampleRunner {
  readonly #ports: ExamplePorts;
  #conversation: Conversation | null = null;
  /** The conversation is a command's. */
  #isTalking = false;

  constructor(ports: ExamplePorts) {
    this.#ports = ports;
  }

  /** Throws where the document does not say what is, naming the line. */
  async run(document: Document, block: CodeBlock): Promise<void> {
    let index = 0;
    try {
      while (index < block.lines.length) index += await this.#step(block, index);
    } catch (error) {
      throw new Error(`${document.name}:${block.line + index}: ${(error as Error).message}`);
    }
  }

  /** Throws if the last WebSocket had more to say than is shown. */
  async end(): Promise<void> {
    await this.#conversation?.end();
    this.#conversation = null;
  }

  /** @returns how many lines it took */
  async #step({ language, lines }: CodeBlock, index: number): Promise<number> {
    const line = lines[index]!;
    if (line.startsWith("$ ")) return await this.#runCommand(lines, index);
    if (language === "console" && !this.#isTalking) {
      const expected = outputAt(lines, index);
      await this.#ports.shell.goOn(expected);
      return expected.length;
    }
    if (line.startsWith("GET ")) await this.#turnTo(await this.#ports.connect(line.slice(4)), false);
    else if (this.#conversation === null) throw new Error(`nobody is connected who could say: ${line}`);
    else if (line.startsWith("> ")) await this.#conversation.say(line.slice(2));
    else await this.#conversation.hear(line);
    return 1;
  }

  async #runCommand(lines: readonly string[], start: number): Promise<number> {
    let next = start + 1;
    while (lines[next - 1]!.endsWith("\\")) next++;
    const command = lines.slice(start, next).join("\n").slice(2);
    const talk = this.#ports.talk?.(command) ?? null;
    if (talk !== null) {
      await this.#turnTo(talk, true);
      return next - start;
    }
    const expected = outputAt(lines, next);
    await this.#ports.shell.run(command, expected);
    return next - start + expected.length;
  }

  async #turnTo(conversation: Conversation, isTalking: boolean): Promise<void> {
    await this.end();
    this.#conversation = conversation;
    this.#isTalking = isTalking;
  }
}

/** The lines up to the next command. */
function outputAt(lines: readonly string[], start: number): readonly string[] {
  const output = lines.slice(start);
  const end = output.findIndex((line) => line.startsWith("$ "));
  return end < 0 ? output : output.slice(0, end);
}
