/** What somebody brings along to prove who they are. */
export interface Credentials {
  /** Of `X-API-Key`. */
  readonly apiKey: string | null;
  /** Of `Authorization: Bearer`: a key or a token. */
  readonly bearer: string | null;
  /** Of the WebSocket's subprotocols or of the query: a token. */
  readonly token: string | null;
}

/** A browser's WebSocket can send no header of its own but the subprotocols it offers. */
const tokenProtocolPrefix = "fanfare.token.";

/** Reads a request's credentials, without judging them. */
export function readCredentials(headers: Headers, query: URLSearchParams | null): Credentials {
  return {
    apiKey: headers.get("x-api-key"),
    bearer: readBearer(headers.get("authorization")),
    token: readTokenProtocol(headers.get("sec-websocket-protocol")) ?? (query?.get("token") || null),
  };
}

/** Null too where the header is of another scheme, which may be meant for a proxy on the way. */
function readBearer(authorization: string | null): string | null {
  if (authorization === null || !/^bearer(?: |$)/i.test(authorization)) return null;
  return authorization.slice("bearer".length).trim();
}

function readTokenProtocol(offered: string | null): string | null {
  if (offered === null) return null;
  for (const offer of offered.split(",")) {
    const name = offer.trim();
    if (name.startsWith(tokenProtocolPrefix)) return name.slice(tokenProtocolPrefix.length);
  }
  return null;
}
