/** What a command printed, and how it ended. */
export interface Ran {
  readonly output: string;
  readonly errors: string;
  readonly code: number;
}

const documented = /localhost:8000/g;

/** Runs a command line as a document gives it, against the server at `url` instead of localhost:8000. */
export async function runCommand(command: string, url: string): Promise<Ran> {
  const line = command.replace(documented, new URL(url).host);
  const child = Bun.spawn(["bash", "-c", line], { stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { output, errors, code };
}

/** The JSON that a command prints. */
export async function jsonOf(command: string, url: string) {
  const { output, errors, code } = await runCommand(command, url);
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${errors}${output}`);
  return JSON.parse(output);
}
