import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Keys } from "../../../src/broker/redis/keys.ts";
import { RedisUnavailable } from "../../../src/broker/redis/ports.ts";
import type { RedisOptions } from "../../../src/broker/redis/redis-options.ts";
import { readScript, topicScripts } from "../../../src/broker/redis/scripts.ts";
import { StandaloneConnection, StandaloneSubscriptions } from "../../../src/broker/redis/standalone.ts";
import { freePort } from "../../support/free-port.ts";
import { startRedis } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function redisServer(options: Parameters<typeof startRedis>[0] = {}) {
  const redis = await startRedis(options);
  cleanups.push(() => redis.stop());
  return redis;
}

function connect(url: string, more: Partial<RedisOptions> = {}) {
  const events: string[] = [];
  const connection = new StandaloneConnection(
    {
      url,
      clusterNodes: [],
      username: null,
      password: null,
      tls: false,
      tlsAuthority: null,
      durable: "auto",
      ...more,
    },
    url,
    topicScripts,
    {
      up: () => events.push("up"),
      down: (reason) => events.push(reason),
      subscriberDown: (reason) => events.push(`subscriber: ${reason}`),
    },
  );
  cleanups.push(() => connection.close());
  const isUp = () => until(() => connection.isUp, 5000, `a connection; so far: ${events.join(", ")}`);
  return { connection, events, isUp };
}

function subscribe({ connection, events }: ReturnType<typeof connect>, url: string) {
  const options = { url, clusterNodes: [], username: null, password: null } as const;
  const subscriptions = new StandaloneSubscriptions(
    { ...options, tls: false, tlsAuthority: null, durable: "auto" },
    url,
    connection,
    new Keys("t:").canary("n"),
    {
      up() {},
      down() {},
      subscriberDown: (reason) => events.push(`subscriber: ${reason}`),
    },
  );
  cleanups.push(() => subscriptions.close());
  return subscriptions;
}

async function failureOf(promise: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const started = performance.now();
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - started };
}

describe("a connection for commands", () => {
  test("without Redis every command fails at once; it comes up by itself when Redis does", async () => {
    const port = freePort();
    const { connection, isUp } = connect(`redis://127.0.0.1:${port}`);
    const { error, ms } = await failureOf(connection.command("", "PING"));
    expect(error).toBeInstanceOf(RedisUnavailable);
    expect(ms).toBeLessThan(100);
    await redisServer({ port });
    await isUp();
    expect(await connection.command("", "PING")).toBe("PONG");
  });

  test("a Redis that hangs: what is under way fails within a second, what follows at once", async () => {
    const redis = await redisServer();
    const { connection, events, isUp } = connect(redis.url);
    await isUp();
    redis.pause();
    const { error, ms } = await failureOf(connection.command("", "PING"));
    expect(error).toBeInstanceOf(RedisUnavailable);
    expect(ms).toBeLessThan(1300);
    expect(events.at(-1)).toContain("no answer");
    expect((await failureOf(connection.command("", "PING"))).ms).toBeLessThan(100);
    redis.resume();
    const resumed = performance.now();
    await isUp();
    expect(performance.now() - resumed).toBeLessThan(2000);
  });

  test("user, password and database of the URL", async () => {
    const redis = await redisServer();
    await redis.cli("ACL", "SETUSER", "fan", "on", ">s3cret", "~*", "&*", "+@all");
    await redis.cli("ACL", "SETUSER", "default", "off");
    const { connection, isUp } = connect(redis.url.replace("//", "//fan:s3cret@").concat("/3"));
    await isUp();
    expect(await connection.command("", "CLIENT", "INFO")).toContain("user=fan");
    expect(await connection.command("", "CLIENT", "INFO")).toContain("db=3");
  });

  test("a wrong password is said as the reason, without the password", async () => {
    const redis = await redisServer();
    await redis.cli("CONFIG", "SET", "requirepass", "right");
    const { events } = connect(redis.url, { password: "wrong-one" });
    await until(() => events.length > 0, 3000, "the reason");
    expect(events.join()).toContain("WRONGPASS");
    expect(events.join()).not.toContain("wrong-one");
  });

  test("the rights that the documentation asks for are enough", async () => {
    const redis = await redisServer();
    const operations = readFileSync("docs/operations.md", "utf8");
    const rights = /ACL SETUSER fanfare (.*)/.exec(operations)?.[1]?.split(" ") ?? [];
    expect(rights.length).toBeGreaterThan(5);
    await redis.cli("ACL", "SETUSER", "fanfare", ...rights.map((right) => right.replace("…", "pw")));
    const { connection, isUp } = connect(redis.url, { username: "fanfare", password: "pw" });
    await isUp();
    const keys = new Keys("fanfare:");
    const reading = await connection.run(
      readScript,
      [keys.position("t"), keys.stream("t"), keys.idempotency("t"), keys.idempotencyAge("t")],
      ["epoch", "", "0", "60000", keys.channel("t"), "newest", "0", "10", "1000", ""],
    );
    expect(reading).toEqual(["epoch", 0]);
    const { error } = await failureOf(connection.command("", "GET", "somebody-elses"));
    expect(String(error)).toContain("NOPERM");
  });

  test("TLS, with the authority of one's own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fanfare-tls-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const certificate = join(folder, "cert.pem");
    const key = join(folder, "key.pem");
    const made = Bun.spawnSync([
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
    ]);
    expect(made.exitCode).toBe(0);
    const tlsPort = freePort();
    const tls = ["--tls-port", String(tlsPort), "--tls-cert-file", certificate, "--tls-key-file", key];
    await redisServer({ args: [...tls, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"] });
    const url = `rediss://localhost:${tlsPort}`;
    const trusting = connect(url, { tlsAuthority: readFileSync(certificate, "utf8") });
    await trusting.isUp();
    expect(await trusting.connection.command("", "PING")).toBe("PONG");
    const strict = connect(url);
    await until(() => strict.events.length > 0, 3000, "a refusal");
    expect(strict.connection.isUp).toBe(false);
    expect(strict.events.join()).toMatch(/certificate/i);
  });

  test("a replica is not taken for the one that decides order", async () => {
    const master = await redisServer();
    const replica = await redisServer({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
    const { connection, events } = connect(replica.url);
    await until(() => events.length > 0, 3000, "a refusal");
    expect(events[0]).toContain("replica");
    expect(connection.isUp).toBe(false);
  });

  test("a node of a Redis Cluster is not taken for a Redis of its own", async () => {
    const node = await redisServer({ args: ["--cluster-enabled", "yes"] });
    const { events } = connect(node.url);
    await until(() => events.length > 0, 3000, "a refusal");
    expect(events[0]).toContain("REDIS_CLUSTER_NODES");
  });

  test("its clock is Redis' clock", async () => {
    const redis = await redisServer();
    const { connection, isUp } = connect(redis.url);
    await isUp();
    const [seconds] = (await connection.command("", "TIME")) as [string];
    expect(Math.abs(connection.now() - Number(seconds) * 1000)).toBeLessThan(2000);
  });

  test("scripts that Redis was made to forget are loaded again", async () => {
    const redis = await redisServer();
    const { connection, isUp } = connect(redis.url);
    await isUp();
    await redis.cli("SCRIPT", "FLUSH");
    const keys = ["{t}", "{t}:s", "{t}:k", "{t}:ka"];
    const read = () =>
      connection.run(readScript, keys, ["e", "", "0", "60000", "{t}", "none", "0", "1", "1", ""]);
    expect((await failureOf(read())).error).toBeInstanceOf(RedisUnavailable);
    await isUp();
    expect(await read()).toEqual(["e", 0]);
  });
});

describe("a connection that receives", () => {
  test("is made anew when Redis drops it, and says which channels may have missed something", async () => {
    const redis = await redisServer();
    const commands = connect(redis.url);
    const subscriptions = subscribe(commands, redis.url);
    await commands.isUp();
    const gaps: string[] = [];
    const heard: string[] = [];
    subscriptions.onGap((channels) => gaps.push(...channels));
    await subscriptions.subscribe("a", (message) => heard.push(message));
    expect(gaps).toEqual([]);
    await redis.cli("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => gaps.length > 0, 3000, "the gap");
    expect(gaps).toEqual(["a"]);
    await redis.cli("PUBLISH", "a", "later");
    await until(() => heard.length > 0, 3000, "a message");
    expect(heard).toEqual(["later"]);
  });

  test("is made anew when it looks alive and hears nothing", async () => {
    const redis = await redisServer();
    const commands = connect(redis.url);
    const subscriptions = subscribe(commands, redis.url);
    await commands.isUp();
    await until(() => subscriptions.isUp, 3000, "the subscriber");
    redis.pause();
    await until(() => commands.events.some((event) => event.startsWith("subscriber:")), 6000, "the silence");
    redis.resume();
    await until(() => subscriptions.isUp, 4000, "the subscriber again");
    expect(await subscriptions.hearsItself(1000)).toBe(true);
  });

  test("subscribing while Redis is away is kept until it is there", async () => {
    const port = freePort();
    const url = `redis://127.0.0.1:${port}`;
    const commands = connect(url);
    const subscriptions = subscribe(commands, url);
    const heard: string[] = [];
    const subscribed = subscriptions.subscribe("a", (message) => heard.push(message));
    const redis = await redisServer({ port });
    await subscribed;
    await redis.cli("PUBLISH", "a", "m");
    await until(() => heard.length > 0, 3000, "a message");
  });

  test("unsubscribed and subscribed again within one turn it goes on", async () => {
    const redis = await redisServer();
    const commands = connect(redis.url);
    const subscriptions = subscribe(commands, redis.url);
    const heard: string[] = [];
    await subscriptions.subscribe("a", () => heard.push("first"));
    subscriptions.unsubscribe("a");
    await subscriptions.subscribe("a", () => heard.push("second"));
    await redis.cli("PUBLISH", "a", "m");
    await until(() => heard.length > 0, 3000, "a message");
    expect(heard).toEqual(["second"]);
    subscriptions.unsubscribe("a");
    await until(async () => (await redis.cli("PUBSUB", "NUMSUB", "a")).endsWith("0"), 3000, "its end");
  });
});
