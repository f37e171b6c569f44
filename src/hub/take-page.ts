import type { Publication } from "../core/publication.ts";

/** The first of them, within a page's bounds: at least one, and none that would cross its bytes after that. */
export function takePage(
  publications: Iterable<Publication>,
  { limit, bytesMax }: { readonly limit: number; readonly bytesMax: number },
): Publication[] {
  const page: Publication[] = [];
  let bytes = 0;
  for (const publication of publications) {
    if (page.length >= limit) break;
    bytes += publication.bytes;
    if (bytes > bytesMax && page.length > 0) break;
    page.push(publication);
  }
  return page;
}
