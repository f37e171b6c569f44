const newline = 10;
const blankLine = Buffer.from("\n\n");

/** Counts Server-Sent Events in the bytes of a chunked HTTP body by their blank lines (comments have one, too). */
export class EventCounter {
  #endsInNewline = false;

  /** Events that end within `bytes`, which follow those of the last call. */
  push(bytes: Buffer): number {
    if (bytes.length === 0) return 0;
    let ended = 0;
    let position = 0;
    if (this.#endsInNewline && bytes[0] === newline) {
      ended++;
      position = 1;
    }
    for (;;) {
      const found = bytes.indexOf(blankLine, position);
      if (found < 0) break;
      ended++;
      position = found + blankLine.length;
    }
    this.#endsInNewline = position < bytes.length && bytes[bytes.length - 1] === newline;
    return ended;
  }
}
