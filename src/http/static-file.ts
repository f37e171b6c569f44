import { promisify } from "node:util";
import { gzip } from "node:zlib";

export interface StaticContent {
  readonly contentType: string;
  readonly cacheControl: string;
  /** Strong validator, quotes included. */
  readonly etag: string;
  readonly body: () => Promise<Uint8Array<ArrayBuffer>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Request headers, beside `Accept-Encoding`, that decide whether this is the answer. */
  readonly vary?: string;
}

// On a thread of its own: a megabyte takes longer than sockets should wait.
const compress = promisify(gzip);

/** A file that never changes while the process lives: validated by its tag, compressed once. */
export class StaticFile {
  readonly #content: StaticContent;
  readonly #headers: Readonly<Record<string, string>>;
  #plain: Promise<Uint8Array<ArrayBuffer>> | undefined;
  #compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(content: StaticContent) {
    this.#content = content;
    const { contentType, cacheControl, etag, headers, vary } = content;
    this.#headers = {
      ...headers,
      "content-type": contentType,
      "cache-control": cacheControl,
      etag,
      vary: vary === undefined ? "Accept-Encoding" : `${vary}, Accept-Encoding`,
    };
  }

  async answer(request: Request): Promise<Response> {
    if (this.#isHeld(request.headers.get("if-none-match"))) {
      return new Response(null, { status: 304, headers: this.#headers });
    }
    if (!takesGzip(request.headers.get("accept-encoding"))) {
      return new Response(await this.#read(), { headers: this.#headers });
    }
    this.#compressed ??= this.#read().then(async (body) => new Uint8Array(await compress(body)));
    return new Response(await this.#compressed, {
      // The same content in other bytes: only a weak validator may say so.
      headers: { ...this.#headers, "content-encoding": "gzip", etag: `W/${this.#content.etag}` },
    });
  }

  #read(): Promise<Uint8Array<ArrayBuffer>> {
    this.#plain ??= this.#content.body();
    return this.#plain;
  }

  /** Whether the client has it, compressed or not. */
  #isHeld(ifNoneMatch: string | null): boolean {
    if (ifNoneMatch === null) return false;
    const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    return tags.includes("*") || tags.includes(this.#content.etag);
  }
}

function takesGzip(acceptEncoding: string | null): boolean {
  if (acceptEncoding === null) return false;
  return acceptEncoding.split(",").some((coding) => {
    const [name = "", ...parameters] = coding.toLowerCase().split(";");
    return (
      name.trim() === "gzip" && !parameters.some((parameter) => /^\s*q\s*=\s*0(?:\.0*)?\s*$/.test(parameter))
    );
  });
}
