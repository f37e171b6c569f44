/**
 * The WebSocket frame codec of the tests: it encodes what no well-behaved client would, and decodes what
 * the server sends (RFC 6455, section 5.2).
 */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** How many bits carry the payload length; "minimal" is what the RFC demands. */
export type LengthEncoding = "minimal" | 7 | 16 | 64;

export interface FrameOptions {
  /** 0 to 15. */
  readonly opcode: number;
  /** A string is encoded as UTF-8. Default: empty. */
  readonly payload?: string | Uint8Array;
  /** Default true. */
  readonly fin?: boolean;
  /** The three reserved bits, RSV1 = 4, RSV2 = 2, RSV3 = 1. Default 0. */
  readonly rsv?: number;
  /** The four masking bytes; false sends an unmasked frame, as only servers may. */
  readonly mask?: readonly [number, number, number, number] | false;
  readonly lengthEncoding?: LengthEncoding;
  /** The length announced, where it is to differ from the payload's own. */
  readonly announcedLength?: bigint;
}

export interface DecodedFrame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Uint8Array;
}

const defaultMask = [0x37, 0xfa, 0x21, 0x3d] as const;
const encoder = new TextEncoder();

export function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? encoder.encode(value) : value;
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

export function encodeFrame(options: FrameOptions): Uint8Array {
  const payload = toBytes(options.payload ?? "");
  const mask = options.mask ?? defaultMask;
  const firstByte = ((options.fin ?? true) ? 0x80 : 0) | ((options.rsv ?? 0) << 4) | options.opcode;
  const length = options.announcedLength ?? BigInt(payload.length);
  const lengthBytes = encodeLength(length, options.lengthEncoding ?? "minimal", mask !== false);
  if (mask === false) return concatenate([Uint8Array.of(firstByte), lengthBytes, payload]);
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!);
  return concatenate([Uint8Array.of(firstByte), lengthBytes, Uint8Array.from(mask), masked]);
}

function encodeLength(length: bigint, encoding: LengthEncoding, masked: boolean): Uint8Array {
  const maskBit = masked ? 0x80 : 0;
  const bits = encoding === "minimal" ? minimalLengthBits(length) : encoding;
  if (bits === 7) return Uint8Array.of(maskBit | Number(length));
  const bytes = new Uint8Array(bits === 16 ? 3 : 9);
  const view = new DataView(bytes.buffer);
  bytes[0] = maskBit | (bits === 16 ? 126 : 127);
  if (bits === 16) view.setUint16(1, Number(length));
  else view.setBigUint64(1, length);
  return bytes;
}

function minimalLengthBits(length: bigint): 7 | 16 | 64 {
  if (length < 126n) return 7;
  return length < 65_536n ? 16 : 64;
}

/** The payload of a close frame: a 16-bit code, then the reason's bytes. */
export function encodeClosePayload(code: number, reason: string | Uint8Array = ""): Uint8Array {
  return concatenate([Uint8Array.of(code >> 8, code & 0xff), toBytes(reason)]);
}

export interface CloseFrame {
  /** Null where the frame has no payload. */
  readonly code: number | null;
  readonly reason: string;
}

export function decodeClosePayload(payload: Uint8Array): CloseFrame {
  if (payload.length < 2) return { code: null, reason: "" };
  return {
    code: (payload[0]! << 8) | payload[1]!,
    reason: new TextDecoder().decode(payload.subarray(2)),
  };
}

/** Cuts a byte stream into frames; bytes of an unfinished frame wait for the next push. */
export class FrameDecoder {
  #pending: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): DecodedFrame[] {
    let rest = this.#pending.length === 0 ? bytes : concatenate([this.#pending, bytes]);
    const frames: DecodedFrame[] = [];
    for (;;) {
      const decoded = decodeFirstFrame(rest);
      if (decoded === null) break;
      frames.push(decoded.frame);
      rest = rest.subarray(decoded.size);
    }
    this.#pending = rest.slice();
    return frames;
  }
}

function decodeFirstFrame(bytes: Uint8Array): { frame: DecodedFrame; size: number } | null {
  if (bytes.length < 2) return null;
  const masked = (bytes[1]! & 0x80) !== 0;
  const shortLength = bytes[1]! & 0x7f;
  const lengthSize = shortLength === 127 ? 8 : shortLength === 126 ? 2 : 0;
  const headerSize = 2 + lengthSize + (masked ? 4 : 0);
  if (bytes.length < headerSize) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length =
    lengthSize === 8 ? Number(view.getBigUint64(2)) : lengthSize === 2 ? view.getUint16(2) : shortLength;
  const size = headerSize + length;
  if (bytes.length < size) return null;
  const mask = bytes.subarray(headerSize - 4, headerSize);
  const body = bytes.slice(headerSize, size);
  return {
    size,
    frame: {
      fin: (bytes[0]! & 0x80) !== 0,
      rsv: (bytes[0]! >> 4) & 0x7,
      opcode: bytes[0]! & 0xf,
      masked,
      payload: masked ? body.map((byte, index) => byte ^ mask[index % 4]!) : body,
    },
  };
}
