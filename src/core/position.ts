import { bounds } from "./bounds.ts";

/** A place in a topic's history: offsets go up by one within an epoch and mean nothing in another. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export const epochPattern = `^[A-Za-z0-9_-]{1,${bounds.epoch}}$`;

/** In words, for error messages. */
export const epochRule = `1 to ${bounds.epoch} characters of A-Z a-z 0-9 _ -`;

const epochExpression = new RegExp(epochPattern);

export function isEpoch(text: string): boolean {
  return epochExpression.test(text);
}

/** Reads `<epoch>:<offset>`, as REST takes it; null when it is anything else. */
export function parsePosition(text: string): Position | null {
  const separator = text.lastIndexOf(":");
  if (separator < 1) return null;
  const epoch = text.slice(0, separator);
  const offset = parseOffset(text.slice(separator + 1));
  return offset !== null && isEpoch(epoch) ? { epoch, offset } : null;
}

/** Reads a decimal offset; null when it is not a whole number from 0 to 2^53 - 1. */
export function parseOffset(text: string): number | null {
  if (!/^[0-9]{1,16}$/.test(text)) return null;
  const offset = Number(text);
  return Number.isSafeInteger(offset) ? offset : null;
}
