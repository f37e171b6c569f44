/** What a real `curl` got. */
export interface CurlAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the answer has.
  readonly json: any;
}

const marker = "\n<curl> ";

/**
 * Runs `curl` as a process with these arguments, an address among them; `input` is its standard input, for
 * `--data-binary @-`. Throws when it exchanged nothing with the server.
 */
export async function curl(args: readonly string[], input?: string | Uint8Array): Promise<CurlAnswer> {
  const command = ["curl", "--silent", "--show-error", "--max-time", "10"];
  const format = `${marker}%{http_code} %{content_type}`;
  const child = Bun.spawn([...command, "--write-out", format, ...args], {
    stdin: input === undefined ? "ignore" : Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const end = output.lastIndexOf(marker);
  const [, status = "000", contentType = ""] = /^(\d+) ?(.*)$/.exec(output.slice(end + marker.length)) ?? [];
  if (end < 0 || status === "000") throw new Error(`curl ${args.join(" ").slice(0, 200)}: ${complaint}`);
  const body = output.slice(0, end);
  return {
    status: Number(status),
    contentType,
    body,
    get json() {
      return JSON.parse(body);
    },
  };
}
