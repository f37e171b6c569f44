import {
  customerOf,
  isInRange,
  type NetworkAddress,
  type NetworkRange,
  parseAddress,
} from "../core/network-address.ts";

/** Hops looked at, from the right: more proxies one behind the other there are nowhere. */
const hopsMax = 32;

/**
 * Whom a connection is counted for. `X-Forwarded-For` counts only where a trusted proxy says it: from its right
 * end on, the first hop that is no trusted proxy is the client; what stands left of it, the client may have
 * made up. A hop that is no address is counted for the proxy that passed it on.
 *
 * @returns one name for all addresses of a client, or null where the peer has none
 */
export function clientOf(
  peer: string | undefined,
  forwardedFor: string | null,
  trusted: readonly NetworkRange[],
): string | null {
  const address = peer === undefined ? null : parseAddress(peer);
  if (address === null) return null;
  if (forwardedFor === null || !isTrusted(address, trusted)) return customerOf(address);
  let client = address;
  let end = forwardedFor.length;
  for (let hops = 0; hops < hopsMax && end >= 0; hops++) {
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(",", end - 1);
    const hop = parseAddress(withoutPort(forwardedFor.slice(comma + 1, end).trim()));
    if (hop === null) break;
    client = hop;
    if (!isTrusted(hop, trusted)) break;
    end = comma;
  }
  return customerOf(client);
}

function isTrusted(address: NetworkAddress, trusted: readonly NetworkRange[]): boolean {
  return trusted.some((range) => isInRange(address, range));
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  if (hop.startsWith("[")) return hop.slice(1, Math.max(1, hop.indexOf("]")));
  const colon = hop.indexOf(":");
  return colon > 0 && colon === hop.lastIndexOf(":") ? hop.slice(0, colon) : hop;
}
