import { Elysia } from "elysia";
import { preferredType } from "../accept.ts";
import type { HttpContext, PageFile } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { StaticFile } from "../static-file.ts";

const iconCacheControl = "public, max-age=86400";

const greeting = { message: "Fanfare real-time notifications running!" };

/** The page at `/`, to browsers; to all else, JSON that says what runs here. */
export function pageRoutes({ page }: HttpContext) {
  const app = new Elysia();
  const document = page.files.find((file) => file.path === "/");
  if (document === undefined) throw new Error("the page has no document");
  const documentFile = new StaticFile({
    ...contentOf(document),
    headers: { "content-security-policy": page.contentSecurityPolicy },
    vary: "Accept",
  });
  app.get(
    "/",
    ({ request }) => {
      const type = preferredType(request.headers.get("accept"), ["application/json", "text/html"]);
      return type === "text/html"
        ? documentFile.answer(request)
        : Response.json(greeting, { headers: { vary: "Accept" } });
    },
    {
      detail: documented({
        summary: "The page, or a greeting",
        description: "HTML to a browser, JSON to anyone else.",
        tag: tags.server,
        contentTypes: ["application/json", "text/html"],
      }),
    },
  );
  for (const file of page.files) {
    if (file === document) continue;
    const staticFile = new StaticFile(contentOf(file));
    app.get(file.path, ({ request }) => staticFile.answer(request), { detail: { hide: true } });
  }
  const icon = page.files.find((file) => file.contentType.startsWith("image/svg"));
  if (icon !== undefined) {
    // Asked for by browsers where no document names another, as for `/docs`.
    const staticFile = new StaticFile({ ...contentOf(icon), cacheControl: iconCacheControl });
    app.get("/favicon.ico", ({ request }) => staticFile.answer(request), { detail: { hide: true } });
  }
  return app;
}

function contentOf({ contentType, cacheControl, etag, body }: PageFile) {
  return { contentType, cacheControl, etag, body: () => Promise.resolve(body) };
}
