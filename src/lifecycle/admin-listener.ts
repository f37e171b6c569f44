import type { Server } from "bun";
import type { Config } from "../config/index.ts";
import type { HttpApplication } from "../http/application.ts";

/** An address that could not be listened on, and why. */
export class AdminListenError extends Error {
  readonly code: string | undefined;
  readonly address: string;

  constructor(cause: Error & { readonly code?: string }, address: string) {
    super(cause.message, { cause });
    this.code = cause.code;
    this.address = address;
  }
}

/** Listens for administration on a port of its own; null where the settings name none. Throws an AdminListenError. */
export function listenForAdministration(
  config: Config,
  createApplication: () => HttpApplication,
): Server<undefined> | null {
  const { adminHost, adminPort } = config;
  if (adminPort === 0) return null;
  const application = createApplication();
  try {
    return Bun.serve({
      hostname: adminHost,
      port: adminPort,
      development: false,
      // Any of several workers answers for all.
      reusePort: config.workers > 1,
      idleTimeout: Math.ceil(config.httpIdleTimeoutMs / 1000),
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => application.fetch(request, server),
    });
  } catch (error) {
    throw new AdminListenError(error as Error, `${adminHost}:${adminPort}`);
  }
}
