/** The header in which a caller names its request, and in which an answer that failed repeats the name. */
export const requestIdHeader = "x-request-id";

const acceptable = /^[A-Za-z0-9_.:+/=@-]{1,128}$/;

/** The caller's name for the request where it is a plain word, else a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get(requestIdHeader);
  return given !== null && acceptable.test(given) ? given : crypto.randomUUID();
}
