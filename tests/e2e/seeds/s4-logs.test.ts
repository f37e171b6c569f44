import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";

const breakingPreload = new URL("support/breaking-preload.ts", import.meta.url).pathname;
const main = "websocket_server.log";

let folder: string;
let server: SpawnedServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-s4-logs-"));
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** A server that runs in the folder, with its logs where they are by default. */
async function start(env: Record<string, string> = {}, bunFlags: string[] = []): Promise<SpawnedServer> {
  server = await spawnServer({ cwd: folder, env: { LOG_DIR: "", LOG_LEVEL: "DEBUG", ...env }, bunFlags });
  return server;
}

const textOf = (name: string) => readFileSync(join(folder, "logs", name), "utf8");

function recordsOf(name: string): Frame[] {
  const lines = textOf(name).split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

/** Waits for a line in the main log. */
async function logged(matches: (record: Frame) => boolean): Promise<Frame> {
  const find = () => existsSync(join(folder, "logs", main)) && recordsOf(main).find(matches);
  await until(() => find() !== undefined, 5000, "the line in the log");
  return find() as Frame;
}

test("websocket_server.log has every line as JSON, errors.log the errors with their stacks", async () => {
  const { url, lines, process } = await start({}, ["--preload", breakingPreload]);
  process.kill("SIGUSR1");
  await until(async () => (await fetch(`${url}/status`)).status === 500);
  process.kill("SIGTERM");
  expect(await process.exited).toBe(0);

  const records = recordsOf(main);
  expect(records).toEqual(lines.map((line) => JSON.parse(line)));
  for (const record of records) {
    expect(record.pid).toBe(process.pid);
    expect(record.node).toBeString();
    expect(record.msg).toBeString();
    expect(record.level).toMatch(/^(DEBUG|INFO|WARNING|ERROR)$/);
    expect(new Date(record.time).toISOString()).toBe(record.time);
  }
  expect(records.map(({ msg }) => msg)).toContain("listening");
  const errors = recordsOf("errors.log");
  expect(errors.map(({ level, msg }) => [level, msg])).toEqual([["ERROR", "a request failed"]]);
  expect(errors[0]).toMatchObject({ method: "GET", error: { type: "Error", message: "broken on purpose" } });
  expect(errors[0]!.error.stack).toMatch(/at .*readProcessFacts .*process-facts\.ts:\d+/);
  // What a caller is told says nothing of it, but how to find it.
  expect(errors[0]!.correlation_id).toMatch(/^[\w-]{36}$/);
});

test("an error that nobody caught is in errors.log before the process ends", async () => {
  const { process } = await start({}, ["--preload", breakingPreload]);
  process.kill("SIGUSR2");
  expect(await process.exited).toBe(1);
  expect(recordsOf("errors.log")).toMatchObject([
    { level: "CRITICAL", error: { type: "TypeError", message: "nobody catches this" } },
  ]);
  expect(recordsOf("errors.log")[0]!.error.stack).toContain("breaking-preload.ts");
});

test("LOG_ROTATION sets a file aside that has reached its size, and LOG_RETENTION deletes the old", async () => {
  const aged = (name: string, days: number) => {
    mkdirSync(join(folder, "logs"), { recursive: true });
    writeFileSync(join(folder, "logs", name), "{}\n");
    const seconds = Date.now() / 1000 - days * 86_400;
    utimesSync(join(folder, "logs", name), seconds, seconds);
  };
  const expired = "websocket_server.20200101T000000000Z.12-1.log";
  const recent = "websocket_server.20200102T000000000Z.12-1.log";
  aged(expired, 3);
  aged(recent, 1);
  const { url, process, lines } = await start({ LOG_ROTATION: "4 KB", LOG_RETENTION: "2 days" });
  const setAside = () =>
    readdirSync(join(folder, "logs")).filter(
      (name) => /^websocket_server\.\d+T/.test(name) && name !== recent,
    );
  for (let number = 0; setAside().length < 3; number++) {
    await fetch(`${url}/nowhere/${number}`);
    if (number > 500) throw new Error("nothing was set aside");
  }
  process.kill("SIGTERM");
  expect(await process.exited).toBe(0);

  const names = setAside().sort();
  expect(names).not.toContain(expired);
  expect(existsSync(join(folder, "logs", recent))).toBe(true);
  for (const name of names) expect(statSync(join(folder, "logs", name)).size).toBeWithin(3500, 4600);
  // Together they are all that was printed, in order.
  expect([...names, main].flatMap(recordsOf)).toEqual(lines.map((line) => JSON.parse(line)));
});

test("values of LOG_ROTATION and LOG_RETENTION are taken as they are written", async () => {
  const entry = new URL("../../../src/main.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, entry, "--check-config"], {
    cwd: folder,
    env: { LOG_ROTATION: "250 MB", LOG_RETENTION: "7 days" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await child.stdout.text();
  expect(output).toContain("LOG_ROTATION=250 MB (environment)");
  expect(output).toContain("LOG_RETENTION=7 days (environment)");
});

test("a folder that cannot be written to is said once, and standard output goes on alone", async () => {
  writeFileSync(join(folder, "logs"), "a file");
  const { url, lines, waitForLog } = await start();
  await fetch(`${url}/nowhere`);
  await waitForLog(/request refused/);
  const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === "WARNING");
  expect(warnings.map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(/^cannot write log files: standard output goes on alone; make LOG_DIR /),
  );
});

test("LOG_DIR moves the files, and LOG_FORMAT=text makes them readable", async () => {
  const { process } = await start({ LOG_DIR: "elsewhere/logs", LOG_FORMAT: "text" });
  process.kill("SIGTERM");
  await process.exited;
  const text = readFileSync(join(folder, "elsewhere/logs", main), "utf8");
  expect(text).toMatch(/^\S+Z INFO {5}listening url=http:\/\/127\.0\.0\.1:\d+ /m);
  expect(readFileSync(join(folder, "elsewhere/logs/errors.log"), "utf8")).toBe("");
  expect(existsSync(join(folder, "logs"))).toBe(false);
});

test("log lines name the connection, and the request", async () => {
  const { url } = await start();
  const client = await WebSocketClient.welcomed(url, "user_id=alice");
  const { connection_id } = client.welcome;
  expect(await logged(({ msg }) => msg === "connection opened")).toMatchObject({
    connection_id,
    user_id: "alice",
    transport: "websocket",
  });

  // A request's own name is taken over, one is made where there is none, and the answer repeats it.
  const named = await fetch(`${url}/publish`, {
    method: "POST",
    body: "{}",
    headers: { "x-request-id": "order-17" },
  });
  expect(named.headers.get("x-request-id")).toBe("order-17");
  expect(await logged(({ correlation_id }) => correlation_id === "order-17")).toMatchObject({
    msg: "request refused",
    method: "POST",
    status: 422,
    code: "invalid",
  });
  const nameless = await fetch(`${url}/nowhere`, { headers: { "x-request-id": 'forged" line' } });
  const made = nameless.headers.get("x-request-id");
  expect(made).toMatch(/^[\w-]{36}$/);
  expect((await logged(({ correlation_id }) => correlation_id === made)).status).toBe(404);
  expect((await fetch(`${url}/ready`)).headers.has("x-request-id")).toBe(false);

  // A question to a user and its answers carry the correlation id of their frames.
  const answers = fetch(`${url}/sse/send`, {
    method: "POST",
    body: JSON.stringify({ user_id: "alice", message: "Tea?", correlation_id: "question-1" }),
  });
  await client.next("request");
  client.send({ type: "response", correlation_id: "question-1", data: "yes", final: true });
  await (await answers).text();
  const question = (message: string) =>
    logged(({ msg, correlation_id }) => msg === message && correlation_id === "question-1");
  expect(await question("question sent")).toMatchObject({
    user_ids: ["alice"],
    connection_ids: [connection_id],
  });
  expect(await question("question answered")).toMatchObject({ final: true });

  await client.close();
  expect(await logged(({ msg }) => msg === "connection closed")).toMatchObject({
    connection_id,
    code: 1005,
    duration_ms: expect.any(Number),
  });
});

test("questions that fail are logged with their correlation id too", async () => {
  const { url } = await start();
  const send = (body: object, signal?: AbortSignal) =>
    fetch(`${url}/sse/send`, { method: "POST", body: JSON.stringify(body), signal: signal ?? null });
  const reasonOf = async (correlationId: string) => {
    const record = await logged(
      ({ correlation_id, msg }) => correlation_id === correlationId && msg !== "question sent",
    );
    return [record.msg, record.code ?? record.reason];
  };
  expect((await send({ user_id: "bob", message: "?", correlation_id: "q1" })).status).toBe(404);
  expect(await reasonOf("q1")).toEqual(["question not sent", "not_found"]);

  const bob = await WebSocketClient.welcomed(url, "user_id=bob");
  await (await send({ user_id: "bob", message: "?", correlation_id: "q2", timeout_ms: 20 })).text();
  expect(await reasonOf("q2")).toEqual(["question without an answer", "timeout"]);

  const caller = new AbortController();
  const abandoned = send({ user_id: "bob", message: "?", correlation_id: "q3" }, caller.signal).catch(
    () => {},
  );
  await bob.next((frame) => frame.correlation_id === "q3");
  caller.abort();
  await abandoned;
  expect(await reasonOf("q3")).toEqual(["question cancelled: its caller is gone", undefined]);
  await bob.close();
});

test("secrets are not logged", async () => {
  const { url } = await start();
  await fetch(`${url}/nowhere?token=hunter2`);
  const { url: asked } = await logged(({ msg }) => msg === "request refused");
  expect(asked).toContain("/nowhere?token=");
  expect(textOf(main)).not.toContain("hunter2");
});
