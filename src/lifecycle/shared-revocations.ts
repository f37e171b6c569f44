import { decodeRevocation, encodeRevocation, Revocation } from "../auth/revocation.ts";
import type { RevocationStore } from "../auth/revoker.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { noticeKind } from "../cluster/message-kinds.ts";
import { Failure } from "../core/failure.ts";
import type { RedisLinks } from "./create-broker.ts";
import { systemClock } from "./system-ports.ts";

const revoked = noticeKind("revoked", Revocation);

/** Revocations that are read at once: as many as a node remembers. */
const loadMax = 100_000;

const unsaved = new Failure(
  "unavailable",
  "The tokens are revoked on this node, but Redis cannot be reached to tell the others: repeat it.",
);
const unread = new Failure("unavailable", "Redis cannot be reached.");

/** Revocations as all nodes of a Redis share them: kept there for nodes that start later, and told to those that run. */
export function sharedRevocations(
  { connection, subscriptions, keys }: Pick<RedisLinks, "connection" | "subscriptions" | "keys">,
  cluster: Pick<Cluster, "broadcast" | "onBroadcast">,
): RevocationStore {
  const key = keys.revocations;
  return {
    async load() {
      try {
        const now = String(systemClock.now());
        const range = ["ZRANGE", key, now, "+inf", "BYSCORE", "LIMIT", "0", String(loadMax)];
        const texts = await connection.command(key, ...range);
        if (!Array.isArray(texts)) return unread;
        return texts.map((text) => decodeRevocation(String(text))).filter((one) => one !== null);
      } catch {
        return unread;
      }
    },
    async save(revocation) {
      try {
        await connection.command(key, "ZREMRANGEBYSCORE", key, "-inf", String(systemClock.now()));
        await connection.command(key, "ZADD", key, String(revocation.untilMs), encodeRevocation(revocation));
      } catch {
        return unsaved;
      }
      return (await cluster.broadcast(revoked, revocation)) === null ? null : unsaved;
    },
    subscribe: (onRevocation) => cluster.onBroadcast(revoked, onRevocation),
    onGap(run) {
      connection.onUp(run);
      subscriptions.onGap(run);
    },
  };
}
