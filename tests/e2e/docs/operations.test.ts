import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createConfig } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { parseExposition } from "../../unit/telemetry/exposition.ts";
import { WireConversation } from "./support/conversation.ts";
import { blocksIn, readDocument, root, section, tableRows } from "./support/document.ts";
import { ExampleRunner } from "./support/example-runner.ts";
import { Placeholders } from "./support/placeholders.ts";
import { Shell } from "./support/shell.ts";

const document = await readDocument("docs/operations.md");
const defaults = createConfig();

let server: RunningServer;
let folder: string;

beforeAll(async () => {
  server = await startTestServer();
  // A folder of its own, for the server's logs.
  folder = await mkdtemp(join(tmpdir(), "fanfare-operations-"));
  for (const name of ["src", "node_modules", "package.json"]) {
    await symlink(join(root, name), join(folder, name));
  }
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** The text of the one block of a section in a language. */
function onlyBlock(heading: string, language: string): string {
  const text = section(document, heading);
  const [, block] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(text) ?? [];
  if (block === undefined) throw new Error(`no block of ${language} under ${heading}`);
  return block;
}

test("a server that is started, watched and stopped as described does what it says", async () => {
  const placeholders = new Placeholders();
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const shell = new Shell({ folder, env: { PATH: path, HOST: "127.0.0.1", PORT: "0" }, placeholders });
  const connect = (query: string) =>
    WireConversation.open(placeholders.fill("http://127.0.0.1:8000"), query, placeholders);
  const runner = new ExampleRunner({ shell, connect });
  try {
    for (const example of blocksIn(document, "console", "wire")) await runner.run(document, example);
    await runner.end();
  } finally {
    await shell.stop();
  }
}, 60_000);

test("every metric is described, with the values of its label", async () => {
  const response = await fetch(`${server.url}/metrics/prometheus`);
  const families = [...parseExposition(await response.text(), false)].map(([name, family]) => {
    const labels = family.samples.flatMap((sample) => Object.entries(sample.labels));
    return { name, ...family, labels: labels.filter(([label]) => label !== "le") };
  });
  const quoted = (texts: Iterable<string>) => [...new Set(texts)].map((text) => `\`${text}\``).join(", ");
  const rows = tableRows(section(document, "## Metrics"));
  expect(rows.filter((row) => row.length === 4)).toEqual(
    families.map(({ name, type, help, labels }) => {
      return [`\`${name}\``, type, quoted(labels.map(([label]) => label)), `${help}.`];
    }),
  );
  expect(rows.filter((row) => row.length === 3)).toEqual(
    families
      .filter(({ name, labels }) => labels.length > 0 && name !== "fanfare_build_info")
      .map(({ name, labels }) => {
        return [
          `\`${name}\``,
          quoted(labels.map(([label]) => label)),
          quoted(labels.map(([, value]) => value)),
        ];
      }),
  );
});

test("the alerts ask for metrics and labels that there are", async () => {
  const { groups } = Bun.YAML.parse(blocksIn(document, "yaml").at(-1)!.lines.join("\n")) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const text = await (await fetch(`${server.url}/metrics/prometheus`)).text();
  const names = new Set(parseExposition(text, false).keys());
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(5);
  for (const { alert, expr } of rules) {
    for (const [name] of expr.matchAll(/fanfare_\w+/g)) expect(names, alert).toContain(name);
    for (const [series] of expr.matchAll(/fanfare_\w+\{[^}]*\}/g))
      expect(text, alert).toContain(`\n${series} 0\n`);
  }
});

test("what the server logs is described, and nothing that it does not log", async () => {
  const folder = join(root, "src");
  let source = "";
  for await (const file of new Bun.Glob("**/*.ts").scan(folder)) {
    if (/^(auth|lifecycle|http|main)\b/.test(file)) source += await Bun.file(join(folder, file)).text();
  }
  const rows = tableRows(section(document, "## Logs")).map(([message = "", level]) => {
    return `${level} ${message.slice(1, -1)}`;
  });
  for (const row of rows) expect(source).toContain(row.slice(row.indexOf(" ") + 1).replace(/…$/, ""));

  const calls = source.matchAll(/log\.(info|warning|error|critical)\(\s*[\w{][^"`;]*?,\s*"([^"]+)"/g);
  const logged = [...calls].map(([, level, message]) => `${level!.toUpperCase()} ${message}`);
  expect(logged.length).toBeGreaterThan(8);
  for (const call of logged) expect(rows).toContain(call);
});

test("supervisors wait longer than the server does", () => {
  const timeoutSeconds = (text: string) => Number(/SHUTDOWN_TIMEOUT, value: "(\d+) s"/.exec(text)?.[1]);
  const manifest = onlyBlock("## Kubernetes", "yaml");
  const { spec } = Bun.YAML.parse(manifest) as { spec: { template: { spec: Record<string, number> } } };
  const { terminationGracePeriodSeconds: graceSeconds } = spec.template.spec;
  expect(graceSeconds).toBeGreaterThanOrEqual(timeoutSeconds(manifest) + 10);

  const unit = onlyBlock("## systemd", "ini");
  const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  expect(stopSeconds).toBeGreaterThanOrEqual(defaults.shutdownTimeoutMs / 1000 + 10);
});

test("the probes ask for routes that there are, on the port that there is", async () => {
  const manifest = onlyBlock("## Kubernetes", "yaml");
  const paths = [...manifest.matchAll(/httpGet: \{ path: (\S+), port: http \}/g)].map(([, path]) => path);
  expect(paths).toHaveLength(3);
  for (const path of paths) expect((await fetch(server.url + path)).status).toBe(200);
  expect(manifest).toContain(`{ name: http, containerPort: ${defaults.port} }`);
});

test("the proxy waits longer than the server is silent", () => {
  const configuration = onlyBlock("## Behind a proxy", "nginx");
  const silenceMs = Math.max(defaults.pingIntervalMs + defaults.pingTimeoutMs, defaults.sseHeartbeatMs);
  const timeouts = [...configuration.matchAll(/proxy_read_timeout (\d+)s;/g)].map(([, seconds]) =>
    Number(seconds),
  );
  expect(timeouts).toHaveLength(2);
  for (const seconds of timeouts) expect(seconds * 1000).toBeGreaterThan(silenceMs);
  const keepAliveSeconds = Number(/keepalive_timeout (\d+)s;/.exec(configuration)?.[1]);
  expect(keepAliveSeconds * 1000).toBeLessThan(defaults.httpIdleTimeoutMs);
  expect(configuration).toContain(`server 127.0.0.1:${defaults.port};`);
  expect(configuration).toContain(`location = ${defaults.wsPath} {`);
});

test("settings that are named are settings that there are", async () => {
  const example = await Bun.file(join(root, ".env.example")).text();
  const settings = new Set([...example.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name));
  const elsewhere = ["README", "LICENSE"];
  for (const name of ["docs/protocol.md", "docs/operations.md"]) {
    const { text } = await readDocument(name);
    for (const [, named] of text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)\b[^`]*`/g)) {
      if (!elsewhere.includes(named!)) expect(settings, name).toContain(named);
    }
  }
});
