/** Pages that may connect or change something. */
export interface AllowedOrigins {
  /** `*` lists every origin. */
  readonly listed: readonly string[];
  /** Whether pages of the host that they talk to need not be listed. */
  readonly ownHost: boolean;
}

/**
 * Whether a browser's page may connect or change something: its `Origin` is absent (no browser), listed, or
 * that of the host it talks to.
 */
export function isOriginAllowed(
  origin: string | null,
  host: string | null,
  { listed, ownHost }: AllowedOrigins,
): boolean {
  if (origin === null) return true;
  if (listed.includes("*") || listed.includes(origin)) return true;
  if (!ownHost || host === null || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}

/** As the settings say: `allowedOrigins` exactly, or else what may read across origins, and the own host. */
export function allowedOriginsOf(config: {
  readonly allowedOrigins: readonly string[];
  readonly corsOrigins: readonly string[];
}): AllowedOrigins {
  const { allowedOrigins, corsOrigins } = config;
  return allowedOrigins.length > 0
    ? { listed: allowedOrigins, ownHost: false }
    : { listed: corsOrigins, ownHost: true };
}
