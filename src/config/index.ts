export { isOpenMode } from "./auth-rules.ts";
export { type Config, createConfig, type Mode } from "./config.ts";
export { hasRedis } from "./cross-checks.ts";
export { type ConfigInput, type LoadedConfig, loadConfig } from "./load.ts";
export { readConfigInput } from "./platform.ts";
export type { SettingKey } from "./schema.ts";
export type { Environment } from "./sources.ts";
export { version } from "./version.ts";
