import { parseRange } from "../core/network-address.ts";
import type { Rule } from "./rule.ts";

/** What the settings of admission must not say together. */
export const admissionRules: readonly Rule[] = [
  {
    severity: "error",
    keys: ["trustedProxies"],
    breaks: (config) => config.trustedProxies.some((range) => parseRange(range) === null),
    reason: "one of them is no IP address or range",
    remedy: "Give addresses or ranges, such as TRUSTED_PROXIES=10.0.0.0/8,2001:db8::1.",
  },
  {
    severity: "warning",
    keys: ["trustedProxies", "connectionsPerAddressMax", "connectionRatePerAddress"],
    named: ["trustedProxies"],
    breaks: (config) =>
      config.trustedProxies.length > 0 &&
      config.connectionsPerAddressMax === 0 &&
      config.connectionRatePerAddress === 0,
    reason: "it has no effect, as nothing is bounded by address",
    remedy: "Set MAX_CONNECTIONS_PER_ADDRESS or CONNECTION_RATE_PER_ADDRESS, or leave it out.",
  },
  {
    severity: "error",
    keys: ["adminPort", "port"],
    breaks: ({ adminPort, port }) => adminPort !== 0 && adminPort === port,
    reason: "clients and administration cannot share a port",
    remedy: "Choose another ADMIN_PORT, or leave it out for one port that has all.",
  },
];
