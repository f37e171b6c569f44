import { Failure } from "../core/failure.ts";
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

/**
 * Reads a body of at most `bytesMax` bytes. JSON is taken under every type that a command-line client sends it
 * with by default, or under none; its bytes are counted. Throws an HttpFailure.
 */
export async function readJsonBody(
  request: Request,
  bytesMax: number,
  counters: { bytesReceived: number },
): Promise<JsonBody> {
  const { body } = request;
  if (body === null) return noBody;
  const declared = request.headers.get("content-length");
  let bytes: Uint8Array;
  try {
    // What is declared holds: the connection's parser takes no more than that.
    if (declared === null) bytes = await readCounted(body, bytesMax);
    else if (Number(declared) <= bytesMax) bytes = await request.bytes();
    else throw tooLarge(bytesMax);
  } catch (error) {
    throw error instanceof HttpFailure ? error : new HttpFailure(cutShort);
  }
  counters.bytesReceived += bytes.length;
  if (bytes.length === 0) return noBody;
  if (!isTakenAsJson(request.headers.get("content-type"))) throw new HttpFailure(wrongType, { status: 415 });
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

function tooLarge(bytesMax: number): HttpFailure {
  return new HttpFailure(new Failure("too_large", `The body may have ${bytesMax} bytes at most.`));
}
