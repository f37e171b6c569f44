import type { Failure } from "../core/failure.ts";
import type { RequestEvents, RequestOrder, Requests } from "../session/requests.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import type { CancelRequest } from "./cluster.ts";

/** Asks all connections that the users have on this node. Null: they have none. */
export function askHere(
  ports: { readonly users: UserRegistry; readonly requests: Requests },
  userIds: readonly string[],
  order: RequestOrder,
  events: RequestEvents,
): CancelRequest | null | Failure {
  const connections = userIds.flatMap((userId) => [...ports.users.connectionsOf(userId)]);
  return connections.length === 0 ? null : ports.requests.ask(connections, order, events);
}
