import { rememberedToken } from "./identity.ts";

/** What is asked of the server to see whether it lets this page in; nothing is read. */
const doorPath = "/events?topic=chat";

/** The header that goes with every request of the page's own. */
export function authorization(): Record<string, string> {
  const token = rememberedToken();
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Why the server does not let this page in; empty: it asks for a token and there is none; null: it does. */
export async function refusalAtTheDoor(): Promise<string | null> {
  try {
    const request = {
      headers: { accept: "application/json", ...authorization() },
      cache: "no-store",
    } as const;
    const { status } = await fetch(doorPath, { ...request, method: "HEAD" });
    if (status !== 401) return null;
    if (rememberedToken() === null) return "";
    const answer: unknown = await (await fetch(doorPath, request)).json();
    const { error } = answer as { error?: { message?: string } };
    return error?.message ?? "The token does not count.";
  } catch {
    // Whether the server can be reached at all is for the connection to find out.
    return null;
  }
}
