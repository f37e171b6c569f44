import { RawConnection } from "./raw-connection.ts";
import { addressOf, buildRequest, handshakeHeaders } from "./raw-websocket.ts";

/** How a server answers a WebSocket handshake that it refuses: status, headers, and the error of the body. */
export async function refusedUpgrade(
  url: string,
  query = "",
  headers: Readonly<Record<string, string>> = {},
) {
  const address = addressOf(url);
  const connection = await RawConnection.connect(address);
  try {
    const path = query === "" ? "/ws" : `/ws?${query}`;
    connection.write(buildRequest(`GET ${path} HTTP/1.1`, { ...handshakeHeaders(address), ...headers }));
    const response = await connection.takeHttpResponse();
    const { error } = JSON.parse(response.body || '{"error":{}}') as {
      error: { code?: string; message?: string };
    };
    return { status: response.status, headers: response.headers, ...error };
  } finally {
    connection.destroy();
  }
}
