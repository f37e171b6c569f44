/**
 * Whether a browser's page may connect or change something: its `Origin` is absent (no browser), that of the
 * host it talks to, or listed. `*` lists every origin.
 */
export function isOriginAllowed(
  origin: string | null,
  host: string | null,
  listed: readonly string[],
): boolean {
  if (origin === null) return true;
  if (listed.includes("*") || listed.includes(origin)) return true;
  if (host === null || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
