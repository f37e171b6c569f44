const opcodes = { text: 1, ping: 9 } as const;

/** Counts the text frames in a server's byte stream by walking their headers; payloads are never looked at. */
export class FrameCounter {
  readonly #onPing: () => void;
  /** Bytes of the current frame's payload that are still to come. */
  #payloadLeft = 0;
  #isText = false;
  /** The beginning of a header that the end of a read has cut. */
  #cutHeader: Uint8Array | null = null;

  /** `onPing` is called for each ping frame. */
  constructor(onPing: () => void) {
    this.#onPing = onPing;
  }

  /** Text frames that end within `bytes`, which follow those of the last call. */
  push(bytes: Uint8Array): number {
    if (this.#cutHeader !== null) {
      const joined = Buffer.concat([this.#cutHeader, bytes]);
      this.#cutHeader = null;
      return this.push(joined);
    }
    const { length } = bytes;
    if (this.#payloadLeft > length) {
      this.#payloadLeft -= length;
      return 0;
    }
    let ended = this.#payloadLeft > 0 && this.#isText ? 1 : 0;
    let position = this.#payloadLeft;
    this.#payloadLeft = 0;
    while (position < length) {
      const shortLength = bytes[position + 1]! & 0x7f;
      const headerBytes = shortLength === 127 ? 10 : shortLength === 126 ? 4 : 2;
      if (position + headerBytes > length) {
        this.#cutHeader = bytes.slice(position);
        break;
      }
      const opcode = bytes[position]! & 0x0f;
      const isText = opcode === opcodes.text;
      if (opcode === opcodes.ping) this.#onPing();
      const end = position + headerBytes + payloadLength(bytes, position, shortLength);
      if (end > length) {
        this.#payloadLeft = end - length;
        this.#isText = isText;
        break;
      }
      if (isText) ended++;
      position = end;
    }
    return ended;
  }
}

const payloadLength = (bytes: Uint8Array, position: number, shortLength: number): number => {
  if (shortLength < 126) return shortLength;
  if (shortLength === 126) return (bytes[position + 2]! << 8) | bytes[position + 3]!;
  let length = 0;
  for (let index = 2; index < 10; index++) length = length * 256 + bytes[position + index]!;
  return length;
};
