import { buildPage, type PageBundle } from "./bundle.ts";

/** One file of the page, ready to be sent. */
export interface PageAsset {
  /** Where it is served: `/`, or a name under `/assets/` that changes with the content. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Strong validator, quotes included. */
  readonly etag: string;
  readonly cacheControl: string;
}

/** The document comes first. */
export type PageAssets = readonly PageAsset[];

/**
 * The policy that the document is served with. It allows no inline script or style and no other host; Trusted
 * Types make the browser itself refuse to turn text into markup.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const foreverCacheControl = "public, max-age=31536000, immutable";

function hash(body: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(body).digest("hex").slice(0, 16);
}

function hashedAsset(extension: string, contentType: string, text: string): PageAsset {
  const body = new TextEncoder().encode(text);
  const digest = hash(body);
  return {
    path: `/assets/page-${digest}.${extension}`,
    contentType,
    body,
    etag: `"${digest}"`,
    cacheControl: foreverCacheControl,
  };
}

/** Gives every file its address and writes those addresses into the document. */
export function assemblePage(bundle: PageBundle): PageAssets {
  const script = hashedAsset("js", "text/javascript; charset=utf-8", bundle.script);
  const style = hashedAsset("css", "text/css; charset=utf-8", bundle.style);
  const icon = hashedAsset("svg", "image/svg+xml", bundle.icon);
  const html = bundle.html
    .replaceAll("{{script}}", script.path)
    .replaceAll("{{style}}", style.path)
    .replaceAll("{{icon}}", icon.path);
  const body = new TextEncoder().encode(html);
  const document: PageAsset = {
    path: "/",
    contentType: "text/html; charset=utf-8",
    body,
    etag: `"${hash(body)}"`,
    cacheControl: "no-cache",
  };
  return [document, script, style, icon];
}

let loading: Promise<PageAssets> | undefined;

/**
 * The page's files, built on the first call and kept for the life of the process. A build that fails is tried
 * again by the next call.
 */
export function loadPage(): Promise<PageAssets> {
  loading ??= buildPage()
    .then(assemblePage)
    .catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
  return loading;
}
