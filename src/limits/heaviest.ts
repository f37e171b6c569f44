/** Something whose client has yet to take what it was sent. */
export interface Buffered {
  bufferedBytes(): number;
}

/** Those with the most bytes waiting, the most first: `countMax` of them, with `bytesMin` each at least. */
export function heaviest<Connection extends Buffered>(
  connections: Iterable<Connection>,
  countMax: number,
  bytesMin: number,
): Connection[] {
  const found: { readonly connection: Connection; readonly bytes: number }[] = [];
  for (const connection of connections) {
    const bytes = connection.bufferedBytes();
    const last = found.at(-1);
    if (bytes < bytesMin || (found.length >= countMax && last !== undefined && bytes <= last.bytes)) continue;
    const before = found.findIndex((other) => other.bytes < bytes);
    found.splice(before < 0 ? found.length : before, 0, { connection, bytes });
    if (found.length > countMax) found.pop();
  }
  return found.map(({ connection }) => connection);
}
