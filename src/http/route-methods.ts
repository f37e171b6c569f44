/** Which methods each path takes; asked only when no route fits. */
export class RouteMethods {
  readonly #routes: readonly { readonly pattern: RegExp; readonly method: string }[];

  constructor(routes: readonly { readonly path: string; readonly method: string }[]) {
    this.#routes = routes.map(({ path, method }) => ({ pattern: patternOf(path), method }));
  }

  /** As `Allow` has it: `GET, HEAD, OPTIONS`; null where the path is unknown. */
  allowed(path: string): string | null {
    const methods = new Set<string>();
    for (const { pattern, method } of this.#routes) {
      if (!pattern.test(path)) continue;
      methods.add(method);
      if (method === "GET") methods.add("HEAD");
    }
    return methods.size === 0 ? null : [...methods, "OPTIONS"].join(", ");
  }
}

/** One slash at the end is ignored, as Elysia does. */
function patternOf(path: string): RegExp {
  const segments = path.split("/").map((segment) => {
    return segment.startsWith(":") ? "[^/]+" : segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${segments.join("/").replace(/\/$/, "")}/?$`);
}
