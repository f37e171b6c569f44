import { boolean } from "../setting.ts";

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
} as const;
