import { isUserTopic } from "../core/topic-name.ts";
import type { Config } from "./config.ts";
import type { Rule } from "./rule.ts";

type AuthConfig = Pick<Config, "jwtSecret" | "jwtPublicKey" | "jwtJwks" | "apiKeys" | "apiKeysFile">;

/** Whether clients have tokens. */
export function hasTokens({ jwtSecret, jwtPublicKey, jwtJwks }: AuthConfig): boolean {
  return jwtSecret !== null || jwtPublicKey !== null || jwtJwks !== null;
}

/** Whether servers have keys. */
export function hasKeys({ apiKeys, apiKeysFile }: AuthConfig): boolean {
  return apiKeys.length > 0 || apiKeysFile !== null;
}

/** Neither tokens nor keys are configured: everybody may do everything. */
export function isOpenMode(config: AuthConfig): boolean {
  return !hasTokens(config) && !hasKeys(config);
}

const credentials = ["jwtSecret", "jwtPublicKey", "jwtJwks", "apiKeys", "apiKeysFile"] as const;
const tokensNamed = "JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS";

/** What the settings of authentication must not say together: above all nothing that leaves a server open unawares. */
export const authRules: readonly Rule[] = [
  {
    severity: "error",
    keys: ["auth", ...credentials],
    named: ["auth"],
    breaks: (config) => config.mode === "prod" && config.auth !== "open" && isOpenMode(config),
    reason: "with --prod, nobody is let in without a token or a key, and none are configured",
    remedy: `Set ${tokensNamed} for clients, API_KEYS for servers, or AUTH=open if everybody may do everything.`,
  },
  {
    severity: "error",
    keys: ["auth", ...credentials],
    named: ["auth"],
    breaks: (config) => config.auth === "open" && !isOpenMode(config),
    reason: "tokens or keys are configured, and would not be asked for",
    remedy: `Leave AUTH out, or ${tokensNamed}, API_KEYS and API_KEYS_FILE.`,
  },
  {
    severity: "error",
    keys: ["jwtAlgorithms", "jwtAudience", "jwtIssuer", ...credentials],
    breaks: (config) => {
      const rules = [config.jwtAlgorithms, config.jwtAudience, config.jwtIssuer];
      return !hasTokens(config) && rules.some((values) => values.length > 0);
    },
    named: ["jwtAlgorithms", "jwtAudience", "jwtIssuer"],
    reason: "no token is checked, as there is no key to check one with",
    remedy: `Set ${tokensNamed}, or leave these out.`,
  },
  {
    severity: "error",
    keys: ["anonymousSubscribe", ...credentials],
    named: ["anonymousSubscribe"],
    breaks: (config) => config.anonymousSubscribe.length > 0 && isOpenMode(config),
    reason: "without keys the server is open, and everybody may read everything",
    remedy: "Set API_KEYS, or leave ANONYMOUS_SUBSCRIBE out.",
  },
  {
    severity: "warning",
    keys: ["anonymousSubscribe", ...credentials],
    named: ["anonymousSubscribe"],
    breaks: (config) => config.anonymousSubscribe.length > 0 && hasTokens(config),
    reason: "it has no effect, as every client needs a token",
    remedy: "Leave it out, and grant what it names to the tokens.",
  },
  {
    severity: "error",
    keys: ["anonymousSubscribe"],
    breaks: (config) => config.anonymousSubscribe.some(isUserTopic),
    reason: "topics of users are for those users alone",
    remedy: "Leave out what begins with user:.",
  },
  {
    severity: "error",
    keys: ["defaultClient", ...credentials],
    named: ["defaultClient"],
    breaks: (config) => config.defaultClient === "admin" && !isOpenMode(config),
    reason: "with tokens or keys, who is an admin is said by the token",
    remedy: 'Set DEFAULT_CLIENT=chat, and give admins tokens with {"fanfare":{"role":"admin"}}.',
  },
  {
    severity: "warning",
    keys: ["jwtJwks"],
    breaks: ({ jwtJwks }) => jwtJwks !== null && isPlainHttp(jwtJwks),
    reason: "whoever is on the way can exchange the keys, and then make tokens",
    remedy: "Use https.",
  },
];

function isPlainHttp(url: string): boolean {
  if (!url.startsWith("http://") || !URL.canParse(url)) return false;
  return !/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}
