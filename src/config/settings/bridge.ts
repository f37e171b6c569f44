import { choice, list, text } from "../setting.ts";

/** Pushing to users, and asking them. */
export const bridgeSettings = {
  ssePath: text({
    name: "SSE_PATH",
    group: "Bridge to users",
    default: "/sse",
    pattern: /^\/[A-Za-z0-9_.~/-]*[A-Za-z0-9_.~-]$/,
    expects: "a path that begins with / and does not end with it, such as /sse",
    description: "Prefix of the routes that push to users: /sse/push, /sse/send.",
  }),
  sseBatchPath: text({
    name: "SSE_BATCH_PATH",
    group: "Bridge to users",
    default: "/sse/push/batch",
    pattern: /^\/[A-Za-z0-9_.~/-]*[A-Za-z0-9_.~-]$/,
    expects: "a path that begins with / and does not end with it, such as /sse/push/batch",
    description: "Path of the route that pushes many messages at once.",
  }),
  publicAccounts: list({
    name: "PUBLIC_ACCOUNTS",
    group: "Bridge to users",
    default: [],
    pattern: /^[A-Za-z0-9_.:@|~=-]{1,250}$/,
    expects: "user ids, such as support,news-bot",
    description:
      "Accounts that an @mention at the start of a word sends a message to, instead of its recipient.",
  }),
  duplicateUser: choice({
    name: "DUPLICATE_USER",
    group: "Bridge to users",
    default: "allow",
    choices: ["allow", "replace", "reject"],
    description: "A user's second WebSocket: stands beside the first, closes it (4409), or is refused (409).",
  }),
} as const;
