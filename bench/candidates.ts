import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SignJWT } from "jose";
import type { Candidate } from "./measure/server-process.ts";

/** Fanfare with nothing going on besides the load: no timers that send, no log lines for each connection. */
export const fanfare: Candidate = {
  name: "fanfare",
  program: "src/main.ts",
  environment: {
    HOST: "127.0.0.1",
    NOTIFICATION_INTERVAL: "0",
    LOG_LEVEL: "WARNING",
    PING_INTERVAL: "3600",
    SSE_HEARTBEAT: "3600",
    SHUTDOWN_TIMEOUT: "1",
  },
};

/** With one of the rules files in `rules/`. */
export const fanfareWithRules = (name: string): Candidate => ({
  ...fanfare,
  name: `fanfare with rules ${name}`,
  environment: { ...fanfare.environment, RULES_FILE: join(import.meta.dir, "rules", `${name}.json`) },
});

/** For clients that say who they are. */
export const fanfareForUser = (userId: string): Candidate => ({ ...fanfare, query: `&user_id=${userId}` });

/** With tokens, server keys and rules: clients show a token of the user's. */
export const fanfareGuarded = async (userId: string): Promise<Candidate> => {
  const secret = randomBytes(32).toString("base64url");
  const patterns = ["bench", ...Array.from({ length: 19 }, (_, number) => `shop${number}.*`)];
  const token = await new SignJWT({ fanfare: { subscribe: patterns, publish: patterns } })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(Buffer.from(secret));
  const { environment } = fanfareWithRules("typical");
  const keys = { JWT_SECRET: secret, API_KEYS: `bench:${randomBytes(24).toString("base64url")}` };
  return {
    ...fanfare,
    name: "fanfare guarded",
    environment: { ...environment, ...keys },
    query: `&token=${token}`,
  };
};

/** One of its processes, or several, on a Redis. */
export const fanfareOnRedis = (redisUrl: string, workers = 1): Candidate => ({
  ...fanfare,
  environment: { ...fanfare.environment, REDIS_URL: redisUrl, WORKERS: String(workers) },
});

const bare = (name: string): Candidate => ({
  name: `bare ${name}`,
  program: `bench/bare/${name}.ts`,
  environment: {},
});

export const bareWebSocket = bare("websocket");
export const bareEventStream = bare("event-stream");
export const bareRest = bare("rest");

/** One of several processes, which have that Redis in common. */
export const bareRedisWebSocket = (redisUrl: string): Candidate => ({
  ...bare("redis-websocket"),
  environment: { REDIS_URL: redisUrl },
});
