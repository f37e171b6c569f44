/** A text frame as a client sends it, at most 65,535 bytes, masked with zeros so that it can be written again. */
export const clientTextFrame = (text: string): Buffer => {
  const payload = Buffer.from(text);
  const noMask = [0, 0, 0, 0];
  const header =
    payload.length < 126
      ? [0x81, 0x80 | payload.length, ...noMask]
      : [0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, ...noMask];
  return Buffer.concat([Buffer.from(header), payload]);
};

/** The answer to a ping without payload. */
export const clientPong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
