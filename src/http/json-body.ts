import { bounds } from "../core/bounds.ts";
import { Failure } from "../core/failure.ts";
import { isNestedDeeper } from "../protocol/json-depth.ts";
import type { Deadlines } from "./deadlines.ts";
import { HttpFailure } from "./http-failure.ts";

/** A body that was read as JSON; `value` is undefined when there was none. */
export interface JsonBody {
  readonly value: unknown;
  readonly bytes: number;
}

const noBody: JsonBody = { value: undefined, bytes: 0 };

/** Fatal: text that is not UTF-8 would otherwise be changed in silence. */
const decoder = new TextDecoder("utf-8", { fatal: true });

const notUtf8 = new Failure("bad_request", "The body is not valid UTF-8.");
const notJson = new Failure("bad_request", "The body is not valid JSON.");
const cutShort = new Failure("bad_request", "The body ended before it was complete.");
const wrongType = new Failure("bad_request", "Content-Type: must be application/json");
const compressed = new Failure("bad_request", "Content-Encoding: bodies are taken as they are, uncompressed");
const late = new Failure("bad_request", "The body took too long to arrive.");
const tooDeep = new Failure("invalid", `body: nested deeper than ${bounds.jsonDepth} levels`);

/** How bodies are read. */
export interface BodyReading {
  readonly bytesMax: number;
  /** In which the whole body has to arrive. */
  readonly deadlines: Deadlines;
  readonly counters: { bytesReceived: number };
}

/**
 * Reads a body within its bounds. JSON is taken under every type that a command-line client sends it
 * with by default, or under none; its bytes are counted. Throws an HttpFailure.
 */
export async function readJsonBody(
  request: Request,
  { bytesMax, deadlines, counters }: BodyReading,
): Promise<JsonBody> {
  const { body, headers } = request;
  if (body === null) return noBody;
  if (isCompressed(headers.get("content-encoding"))) throw new HttpFailure(compressed, { status: 415 });
  const declared = headers.get("content-length");
  if (declared !== null && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  // What is declared holds: the connection's parser takes no more than that.
  const reading = declared === null ? readCounted(body, bytesMax) : request.bytes();
  let bytes: Uint8Array;
  try {
    // However busily it trickles in.
    bytes = await deadlines.within(reading, tooSlow);
  } catch (error) {
    throw error instanceof HttpFailure ? error : new HttpFailure(cutShort);
  }
  counters.bytesReceived += bytes.length;
  if (bytes.length === 0) return noBody;
  if (!isTakenAsJson(headers.get("content-type"))) throw new HttpFailure(wrongType, { status: 415 });
  return { value: parse(bytes), bytes: bytes.length };
}

async function readCounted(body: ReadableStream<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new HttpFailure(notUtf8);
  }
  if (isNestedDeeper(text, bounds.jsonDepth)) throw new HttpFailure(tooDeep);
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpFailure(notJson);
  }
}

function isTakenAsJson(contentType: string | null): boolean {
  if (contentType === null || contentType === "" || contentType === "application/json") return true;
  const essence = contentType.split(";", 1)[0]!.trim().toLowerCase();
  return /^(?:application\/(?:.*\+)?json|text\/(?:json|plain)|application\/x-www-form-urlencoded)$/.test(
    essence,
  );
}

function isCompressed(contentEncoding: string | null): boolean {
  return contentEncoding !== null && !/^\s*(?:identity)?\s*$/i.test(contentEncoding);
}

function tooLarge(bytesMax: number): HttpFailure {
  return new HttpFailure(new Failure("too_large", `The body may have ${bytesMax} bytes at most.`));
}

function tooSlow(): HttpFailure {
  // Nobody waits for the rest of it.
  return new HttpFailure(late, { status: 408, headers: { connection: "close" } });
}
