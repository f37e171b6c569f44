import { expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder, waitUntil } from "./support.ts";

const fixture = join(import.meta.dir, "fixtures", "log-process.ts");

/** Runs the fixture in a shell, where `$run` is its command line. */
async function runIn(folder: string, scenario: string, script: string) {
  const environment = { ...process.env, run: `${process.execPath} ${fixture} ${folder} ${scenario}` };
  const child = Bun.spawn(["sh", "-c", script], { env: environment, stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, output, errors };
}

test.each(["exit-at-once", "exit-while-writing", "exit-with-more-to-write", "left-open"])(
  "%s: the last lines are written",
  (scenario) =>
    inTemporaryFolder(async (folder) => {
      const { code, output } = await runIn(folder, scenario, "$run");
      expect(code).toBe(3);
      expect(output.match(/last words/g)).toEqual(["last words"]);
      const logged = readFileSync(join(folder, "websocket_server.log"), "utf8");
      if (scenario.startsWith("exit"))
        for (const lines of [output, logged])
          expect(lines.indexOf("first")).toBeWithin(0, lines.indexOf("last words"));
      expect(logged).toContain("last words");
      expect(readFileSync(join(folder, "errors.log"), "utf8")).toContain("last words");
    }),
);

test("a reader of standard output that leaves does not end the process", () =>
  inTemporaryFolder(async (folder) => {
    const { errors } = await runIn(folder, "reader-leaves", "$run | head -n 1");
    expect(errors).toBe("survived\n");
    expect(readFileSync(join(folder, "websocket_server.log"), "utf8")).toContain("EPIPE");
  }));

test("no colours where standard output is no terminal", () =>
  inTemporaryFolder(async (folder) => {
    const { output } = await runIn(folder, "exit-at-once", "$run");
    expect(output).not.toContain("\u001b");
  }));

test.each([
  ["colours on a terminal", {}, true],
  ["none there either with NO_COLOR", { NO_COLOR: "1" }, false],
])("%s", (_, variables, isColoured) =>
  inTemporaryFolder(async (folder) => {
    const { NO_COLOR: _unset, ...environment } = process.env;
    let output = "";
    const child = Bun.spawn([process.execPath, fixture, folder, "exit-at-once"], {
      env: { ...environment, ...variables },
      terminal: {
        data: (_terminal, bytes) => {
          output += new TextDecoder().decode(bytes);
        },
      },
    });
    await waitUntil(() => output.includes("last words"), "the log on the terminal");
    await child.exited;
    child.terminal?.close();
    expect(output.includes("\u001b[32mINFO")).toBe(isColoured);
  }),
);

test("a full disk does not end the process, and standard output goes on", () =>
  inTemporaryFolder(async (folder) => {
    const { code, output, errors } = await runIn(folder, "disk-full", "trap '' XFSZ; ulimit -f 4; exec $run");
    expect(errors).toBe("survived\n");
    expect(code).toBe(0);
    expect(output.match(/ line number=/g)).toHaveLength(50);
    expect(output.match(/WARNING .*cannot write a log file/g)).toHaveLength(1);
    expect(statSync(join(folder, "websocket_server.log")).size).toBeLessThanOrEqual(4096);
  }));
