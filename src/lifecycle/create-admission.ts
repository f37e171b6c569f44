import type { Config } from "../config/index.ts";
import { parseRange } from "../core/network-address.ts";
import { FrameRates } from "../limits/frame-rates.ts";
import { rateOf } from "../limits/rate.ts";
import { Admission, type AdmissionPorts } from "../transport/admission.ts";
import { systemClock } from "./system-ports.ts";

/** Who may come in, as the settings say. */
export function createAdmission(config: Config, ports: Omit<AdmissionPorts, "clock">): Admission {
  const { rateBurstMs } = config;
  return new Admission(
    {
      connectionsMax: config.maxConnections,
      connectionsPerAddressMax: config.connectionsPerAddressMax,
      rate: rateOf(config.connectionRatePerSecond, rateBurstMs),
      ratePerAddress: rateOf(config.connectionRatePerAddress, rateBurstMs),
      trustedProxies: config.trustedProxies.map(parseRange).filter((range) => range !== null),
    },
    { ...ports, clock: systemClock },
  );
}

/** How fast those who are in may send, as the settings say. */
export function createFrameRates(config: Config): FrameRates {
  const { rateBurstMs } = config;
  return new FrameRates(
    {
      frames: rateOf(config.commandRatePerSecond, rateBurstMs),
      bytes: rateOf(config.commandBytesRatePerSecond, rateBurstMs),
      userFrames: rateOf(config.userCommandRatePerSecond, rateBurstMs),
      userBytes: rateOf(config.userBytesRatePerSecond, rateBurstMs),
    },
    systemClock,
  );
}
