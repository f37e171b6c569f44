import type { Config } from "./config.ts";
import type { SettingKey } from "./schema.ts";

/** Something settings must not say together, or that is better said to whoever says it. */
export interface Rule {
  readonly severity: "error" | "warning";
  /** The settings it looks at; it is passed over while one of them is invalid. */
  readonly keys: readonly SettingKey[];
  /** Those among them that the message names; all if absent. */
  readonly named?: readonly SettingKey[];
  readonly breaks: (config: Config, facts: { fileDescriptorLimit?: number | undefined }) => boolean;
  readonly reason: string;
  readonly remedy: string;
}
