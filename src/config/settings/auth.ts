import { topicPattern } from "../../core/topic-pattern.ts";
import { choice, duration, list, optionalText } from "../setting.ts";
import { DAY, SECOND } from "./amounts.ts";

/** Who may do what: clients' tokens, servers' keys, and what is left to those who have neither. */
export const authSettings = {
  auth: choice({
    name: "AUTH",
    group: "Authentication",
    default: "auto",
    choices: ["auto", "open"],
    description:
      "auto asks for tokens and keys as soon as some are configured, and --prod does not start without; " +
      "open lets everybody do everything.",
  }),
  jwtSecret: optionalText({
    name: "JWT_SECRET",
    group: "Authentication",
    secrecy: "whole",
    pattern: /^.{32,4096}$/s,
    // From one token a shorter one can be found by trying, with no further contact to the server.
    expects:
      "at least 32 characters, as a shorter secret can be guessed from any token (openssl rand -base64 48)",
    description: "Secret that clients' tokens are signed with (HS256), shared with whoever issues them.",
  }),
  jwtPublicKey: optionalText({
    name: "JWT_PUBLIC_KEY",
    group: "Authentication",
    // Some paste the private key by mistake.
    secrecy: "whole",
    pattern: /^[^\0]{1,16384}$/,
    expects: "a public key in PEM form, or the path of its file",
    description:
      "Public key of whoever issues clients' tokens: RSA, EC or Ed25519, as PEM text or the path of a file.",
  }),
  jwtJwks: optionalText({
    name: "JWT_JWKS",
    group: "Authentication",
    secrecy: "credentials",
    pattern: /^(?:https?:\/\/[^\s/]\S{0,2000}|(?![a-z]+:\/\/)[^\0]{1,4096})$/,
    expects: "an http or https URL, or the path of a file",
    description:
      "JSON Web Key Set of whoever issues clients' tokens, as a URL or the path of a file; a URL is fetched anew " +
      "every ten minutes and for unknown key ids.",
  }),
  jwtAlgorithms: list({
    name: "JWT_ALGORITHMS",
    group: "Authentication",
    default: [],
    pattern: /^(?:HS256|[RP]S(?:256|384|512)|ES(?:256|384|512)|EdDSA|Ed25519)$/,
    expects:
      "names such as RS256,ES256; there are HS256, RS…, PS… and ES… with 256, 384 or 512, EdDSA, Ed25519",
    description:
      "Algorithms that a token may be signed with; by default those of the configured keys' kinds, never another's.",
  }),
  jwtAudience: list({
    name: "JWT_AUDIENCE",
    group: "Authentication",
    default: [],
    pattern: /^\S{1,256}$/,
    expects: "texts of at most 256 characters without blanks",
    description: "One of these must be the token's audience (aud); empty: it is not looked at.",
  }),
  jwtIssuer: list({
    name: "JWT_ISSUER",
    group: "Authentication",
    default: [],
    pattern: /^\S{1,256}$/,
    expects: "texts of at most 256 characters without blanks, such as https://login.example.com/",
    description: "The token's issuer (iss) must be one of these; empty: it is not looked at.",
  }),
  jwtClockSkewMs: duration({
    name: "JWT_CLOCK_SKEW",
    group: "Authentication",
    default: 30 * SECOND,
    minimum: 0,
    maximum: 600 * SECOND,
    description: "How far the clock of whoever issues tokens may be off.",
  }),
  jwtLifetimeMaxMs: duration({
    name: "JWT_LIFETIME_MAX",
    group: "Authentication",
    default: 30 * DAY,
    minimum: SECOND,
    maximum: 3650 * DAY,
    description: "A token may be valid for this long; a revocation is remembered for as long.",
  }),
  apiKeys: list({
    name: "API_KEYS",
    group: "Authentication",
    secrecy: "whole",
    default: [],
    pattern: /^[^\0]{1,65536}$/,
    expects: "name:key,… or name:key:publish+subscribe+admin or name:key:publish:news.*+chat",
    description:
      "Keys of servers that publish and administer: name:key, each of at least 20 characters; then scopes " +
      "(publish, subscribe, admin; all by default) and topics' patterns, joined by +.",
  }),
  apiKeysFile: optionalText({
    name: "API_KEYS_FILE",
    group: "Authentication",
    pattern: /^[^\0]{1,4096}$/,
    expects: "the path of a file",
    description:
      'File with more such keys, a JSON list of {"name","key","scopes","topics"}; read again on SIGHUP.',
  }),
  anonymousSubscribe: list({
    name: "ANONYMOUS_SUBSCRIBE",
    group: "Authentication",
    default: [],
    pattern: topicPattern,
    expects: "topic names, or beginnings of them with a *, such as news,score:*",
    description:
      "With keys and without tokens: what clients, who then are anonymous, may read; nothing else.",
  }),
  authTimeoutMs: duration({
    name: "AUTH_TIMEOUT",
    group: "Authentication",
    default: 10 * SECOND,
    minimum: 10,
    maximum: 600 * SECOND,
    description:
      "A WebSocket that came without a token is closed (4401) unless it authenticates within this time.",
  }),
} as const;
