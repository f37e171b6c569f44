import { boolean, integer, text } from "../setting.ts";

/** What monitoring may ask for. */
export const monitoringSettings = {
  metricsEnabled: boolean({
    name: "METRICS_ENABLED",
    group: "Monitoring",
    default: true,
    description: "Serve /metrics and /metrics/prometheus.",
  }),
  healthCheckEnabled: boolean({
    name: "HEALTH_CHECK_ENABLED",
    group: "Monitoring",
    default: true,
    description: "Serve /health.",
  }),
  adminPort: integer({
    name: "ADMIN_PORT",
    group: "Monitoring",
    default: 0,
    minimum: 0,
    maximum: 65_535,
    unit: "",
    description:
      "A port of its own for metrics, status, nodes and administration, which PORT then answers with 404; 0: PORT has them.",
  }),
  adminHost: text({
    name: "ADMIN_HOST",
    group: "Monitoring",
    default: "127.0.0.1",
    pattern: /^[A-Za-z0-9_.:%-]+$/,
    expects: "a host name or an IP address without scheme or port, such as 127.0.0.1",
    description: "Address to listen on with ADMIN_PORT.",
  }),
} as const;
