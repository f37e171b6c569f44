import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { EventStreamClient } from "../event-stream/event-stream-client.ts";
import { type RulesFolder, rulesFolder } from "./rules-folder.ts";

const main = join(import.meta.dir, "../../../src/main.ts");

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function folderWith(...given: Parameters<typeof rulesFolder>): RulesFolder {
  const rules = rulesFolder(...given);
  ends.push(rules.remove);
  return rules;
}

/** A server whose working directory is the folder. */
async function start({ folder }: RulesFolder, env: Record<string, string> = {}): Promise<SpawnedServer> {
  const server = await spawnServer({ cwd: folder, env });
  ends.push(() => server.stop());
  return server;
}

async function welcomed(server: SpawnedServer, query: string): Promise<WebSocketClient> {
  const client = await WebSocketClient.welcomed(server.url, query);
  ends.push(() => client.close());
  return client;
}

async function publish(server: SpawnedServer, body: object): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}/publish`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  const { error } = (await answer.json()) as { error?: { message: string } };
  return error?.message ?? "ok";
}

async function hangUp(server: SpawnedServer, message: RegExp): Promise<string> {
  const before = server.lines.length;
  server.process.kill("SIGHUP");
  await until(() => server.lines.slice(before).some((line) => message.test(line)), 10_000, String(message));
  return server.lines.slice(before).find((line) => message.test(line))!;
}

const program = (topics: string) => `
  import { Type } from "fanfare/config";
  import { rate } from "./rate.ts";
  export default { topics: ${topics} };
`;

describe("SIGHUP", () => {
  test("reads the file again; a bad one changes nothing, and says why", async () => {
    const rules = folderWith({ news: { bytes_max: 5 } });
    const server = await start(rules);
    const long = { topic: "news", message: "123456" };
    expect(await publish(server, long)).toBe("news takes publications of at most 5 bytes.");
    rules.write({ news: { bytes_max: 6 } });
    expect(await hangUp(server, /rules read again/)).toContain('"patterns":1');
    expect(await publish(server, long)).toBe("ok");

    rules.write('{"topics":{"news":{"bytes_maxx":1}}}');
    const line = await hangUp(server, /rules stay as they were: their file is wrong/);
    expect(JSON.parse(line)).toMatchObject({
      level: "ERROR",
      problems: expect.stringContaining("Did you mean bytes_max?"),
    });
    expect(await publish(server, { ...long, message: "1234567" })).toBe(
      "news takes publications of at most 6 bytes.",
    );
    rules.write({});
    await hangUp(server, /rules read again/);
    expect(await publish(server, { ...long, message: "1234567" })).toBe("ok");
  });

  test("runs a program again, with what it imports; one that throws or hangs changes nothing", async () => {
    const rules = folderWith(
      program(`{ t: { schema: Type.Number({ maximum: rate }) } }`),
      "fanfare.config.ts",
    );
    await Bun.write(join(rules.folder, "rate.ts"), "export const rate = 10;");
    const server = await start(rules);
    expect(await publish(server, { topic: "t", data: 11 })).toBe("data: must be at most 10");
    await Bun.write(join(rules.folder, "rate.ts"), "export const rate = 20;");
    await hangUp(server, /rules read again/);
    expect(await publish(server, { topic: "t", data: 11 })).toBe("ok");
    rules.write("throw new Error('boom')");
    expect(await hangUp(server, /their file is wrong/)).toContain("boom");
    rules.write("for (;;) {}");
    const told = hangUp(server, /their file is wrong/);
    // Meanwhile it serves.
    expect(await publish(server, { topic: "t", data: 21 })).toBe("data: must be at most 20");
    expect(await told).toContain("it had not ended after 5 seconds");
    expect(await publish(server, { topic: "t", data: 11 })).toBe("ok");
  }, 20_000);

  test("ends what may not be read any more, on WebSockets and event streams, and nothing else", async () => {
    const rules = folderWith({});
    const server = await start(rules);
    const socket = await welcomed(server, "topics=open,closed");
    const stream = await EventStreamClient.subscribed(server.url, "topic=open&topic=closed");
    const lone = await EventStreamClient.subscribed(server.url, "topic=closed");
    ends.push(
      () => stream.close(),
      () => lone.close(),
    );
    rules.write({ closed: { allow: { subscribe: "tokens" } } });
    await hangUp(server, /rules read again/);
    const ended = { type: "unsubscribed", topic: "closed", code: "forbidden" };
    expect(await socket.next("unsubscribed")).toEqual(ended);
    expect((await stream.next("unsubscribed")).data).toEqual(ended);
    expect((await lone.next("unsubscribed")).data).toEqual(ended);
    for (const topic of ["closed", "open"]) await publish(server, { topic, message: topic });
    expect(await socket.next("message")).toMatchObject({ topic: "open" });
    expect((await stream.next("message")).data).toMatchObject({ topic: "open" });
    expect(socket.unread).toEqual([]);
    expect(await socket.request({ type: "subscribe", topic: "closed" })).toMatchObject({ code: "forbidden" });
    expect(await socket.request({ type: "unsubscribe", topic: "closed" })).toMatchObject({
      type: "unsubscribed",
    });
    rules.write({});
    await hangUp(server, /rules read again/);
    expect(await socket.request({ type: "subscribe", topic: "closed" })).toMatchObject({ offset: 1 });
    const topics = (await (await fetch(`${server.url}/topics`)).json()) as { topics: object[] };
    expect(topics.topics).toContainEqual(expect.objectContaining({ topic: "closed", subscribers: 1 }));
  });

  test("changes what is gathered, told and shown", async () => {
    const rules = folderWith({ "a*": { flush_ms: 300 } });
    const server = await start(rules);
    const socket = await welcomed(server, "topics=ab,b");
    const elapsed = async () => {
      const started = performance.now();
      await publish(server, { topic: "ab", message: "m" });
      await socket.next("message");
      return performance.now() - started;
    };
    expect(await elapsed()).toBeGreaterThan(250);
    const withSchema = {
      "*": { join_leave: true },
      b: { schema: { type: "string", title: "a salutation" } },
    };
    rules.write(withSchema);
    await hangUp(server, /rules read again/);
    expect(await elapsed()).toBeLessThan(250);
    await welcomed(server, "topics=b&user_id=alice");
    expect(await socket.next("join")).toEqual({ type: "join", topic: "b", user_id: "alice" });
    for (const path of ["/asyncapi.json", "/docs/json"]) {
      const isShown = async () => (await (await fetch(server.url + path)).text()).includes("a salutation");
      expect(await isShown()).toBe(true);
      rules.write({});
      await hangUp(server, /rules read again/);
      expect(await isShown()).toBe(false);
      rules.write(withSchema);
      await hangUp(server, /rules read again/);
    }
  });
});

test("a SIGHUP changes who is told of those who join and leave, on WebSockets and event streams", async () => {
  const told = { "*": { join_leave: true } };
  const untold = { ...told, lobby: { allow: { presence: "keys" } } } as const;
  const rules = folderWith(untold);
  const server = await start(rules);
  const socket = await welcomed(server, "topics=lobby");
  const stream = await EventStreamClient.subscribed(server.url, "topic=lobby");
  ends.push(() => stream.close());
  const witness = await welcomed(server, "topics=hall");
  /** Somebody comes, and it has been told to all who are told of it. */
  const comes = async (user: string) => {
    await welcomed(server, `topics=lobby,hall&user_id=${user}`);
    await witness.next((frame) => frame.user_id === user);
  };
  await comes("alice");
  rules.write(told);
  await hangUp(server, /rules read again/);
  await comes("bob");
  expect(await socket.next("join")).toMatchObject({ user_id: "bob" });
  expect((await stream.next("join")).data).toMatchObject({ user_id: "bob" });
  rules.write(untold);
  await hangUp(server, /rules read again/);
  await comes("carol");
  await publish(server, { topic: "lobby", message: "m" });
  expect(await socket.next("message")).toMatchObject({ topic: "lobby", offset: 1 });
  expect((await stream.next("message")).data).toMatchObject({ topic: "lobby", offset: 1 });
  const seen = JSON.stringify([socket.received, stream.events]);
  expect([seen.includes("alice"), seen.includes("carol")]).toEqual([false, false]);
});

describe("a file that is wrong at the start", () => {
  const run = async (rules: RulesFolder, args: string[] = []) => {
    const child = Bun.spawn([process.execPath, main, "--port", "0", ...args], {
      cwd: rules.folder,
      env: { PATH: process.env.PATH ?? "", LOG_DIR: "none" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    ends.push(() => child.kill("SIGKILL"));
    return { told: await child.stderr.text(), exitCode: await child.exited };
  };

  test.each([[[]], [["--check-config"]], [["--dev"]]])(
    "is told as a whole, and the server does not start: %j",
    async (args) => {
      const rules = folderWith("{}");
      rules.write('{"topics":{"a":{"flush_ms":-1},"b c":{}}}');
      const { told, exitCode } = await run(rules, args);
      expect(exitCode).toBe(2);
      expect(told).toContain(`The rules in ${rules.file} are not valid, 2 errors:`);
      expect(told).toContain("topics.a.flush_ms: is -1. Give a whole number from 0 to 1000");
      expect(told).toContain('topics["b c"]: is no topic.');
    },
  );
});
