/** Bounds of what is fetched from another server. */
interface FetchBounds {
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

/**
 * The text at an address. Rejects with an Error that says why there is none: no answer in time, another status than
 * 200, more bytes than there may be, or a redirect, which might lead to somebody else.
 */
export async function fetchText(url: string, { timeoutMs, bytesMax }: FetchBounds): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the answer had status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`the answer was larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}
