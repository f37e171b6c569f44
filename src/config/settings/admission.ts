import { bytes, decimal, duration, integer, list } from "../setting.ts";
import { SECOND, TIB } from "./amounts.ts";
import { originExpectation, originPattern } from "./server.ts";

/** Who may come in, how fast, and what happens when there is more load than can be borne. */
export const admissionSettings = {
  allowedOrigins: list({
    name: "ALLOWED_ORIGINS",
    group: "Admission",
    default: [],
    pattern: originPattern,
    expects: originExpectation,
    description:
      "Origins of web pages that may connect and change something, and no others; empty: this server's own and those of CORS_ORIGINS.",
  }),
  trustedProxies: list({
    name: "TRUSTED_PROXIES",
    group: "Admission",
    default: [],
    pattern: /^[0-9A-Fa-f:.]{2,45}(?:\/\d{1,3})?$/,
    expects: "IP addresses or ranges, such as 10.0.0.0/8,2001:db8::/32",
    description: "Proxies whose X-Forwarded-For says which address a client has; of others it says nothing.",
  }),
  connectionsPerAddressMax: integer({
    name: "MAX_CONNECTIONS_PER_ADDRESS",
    group: "Admission",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: "connections",
    description: "Of one IPv4 address, or one IPv6 network of 64 bits; 0: no such bound.",
  }),
  connectionRatePerSecond: decimal({
    name: "CONNECTION_RATE",
    group: "Admission",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: "connections a second",
    description: "New connections of all clients together; 0: no such bound.",
  }),
  connectionRatePerAddress: decimal({
    name: "CONNECTION_RATE_PER_ADDRESS",
    group: "Admission",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: "connections a second",
    description: "New connections of one IPv4 address, or one IPv6 network of 64 bits; 0: no such bound.",
  }),
  shedLagMs: duration({
    name: "SHED_LAG",
    group: "Admission",
    default: SECOND / 2,
    minimum: 0,
    maximum: 60 * SECOND,
    description:
      "Load is shed when the event loop is behind by this much all the time, for two seconds and longer; 0: never for that.",
  }),
  shedMemoryBytes: bytes({
    name: "SHED_MEMORY",
    group: "Admission",
    default: 0,
    defaultNote: "85 % of the memory limit",
    minimum: 0,
    maximum: TIB,
    description:
      "Load is shed when the server's processes have this much resident memory together; 0: never for that.",
  }),
} as const;
