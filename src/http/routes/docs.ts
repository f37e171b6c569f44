import { createHash } from "node:crypto";
import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import { type ApiReferenceScript, findApiReferenceScript } from "../api-reference.ts";
import type { HttpContext } from "../context.ts";
import { tagDescriptions } from "../documentation.ts";
import { withPayloads } from "../payload-documentation.ts";
import { StaticFile } from "../static-file.ts";

const path = "/docs";
const specificationPath = `${path}/json`;

/** The page at `/docs`, which loads nothing from anywhere else, and the OpenAPI document that it shows. */
export function docsRoutes({ version, payloads }: HttpContext) {
  const script = findApiReferenceScript();
  if (script === null) return new Elysia();
  const scriptPath = `${path}/api-reference-${script.version}.js`;
  const options = optionsOf(version, scriptPath);
  let page: Promise<StaticFile> | undefined;
  const scriptFile = scriptFileOf(script);
  return (
    new Elysia()
      .get(scriptPath, ({ request }) => scriptFile.answer(request), { detail: { hide: true } })
      // The plugin's own page goes without the headers that a page needs.
      .onBeforeHandle(({ path: asked, request }) => {
        if (asked.replace(/\/$/, "") !== path) return;
        page ??= renderPage(options);
        return page.then((file) => file.answer(request));
      })
      // The plugin makes the document once, and rules may change it.
      .onAfterHandle(({ path: asked, response }) => {
        if (asked.replace(/\/$/, "") === specificationPath)
          return withPayloads(response as object, payloads());
      })
      .use(swagger(options))
  );
}

function optionsOf(version: string, scriptPath: string) {
  return {
    path,
    specPath: specificationPath,
    scalarCDN: scriptPath,
    excludeStaticFile: false,
    scalarConfig: {
      // In place of `spec`, whose address would depend on what the page's own ends in.
      spec: {},
      url: specificationPath,
      // Those would come from another host, as would what the buttons lead to.
      withDefaultFonts: false,
      hideClientButton: true,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: "never",
      telemetry: false,
      defaultOpenAllTags: true,
      customCss: "",
    },
    documentation: {
      openapi: "3.1.0",
      components: {
        securitySchemes: {
          bearer: {
            type: "http" as const,
            scheme: "bearer",
            description: "A client's token, or a server's key.",
          },
          key: { type: "apiKey" as const, in: "header", name: "X-API-Key", description: "A server's key." },
        },
      },
      // Also without: in open mode nobody is asked.
      security: [{ bearer: [] }, { key: [] }, {}],
      info: {
        title: "Fanfare",
        version,
        description:
          "Publish and subscribe over WebSocket, Server-Sent Events and REST. " +
          "The WebSocket protocol is described by [/asyncapi.json](/asyncapi.json).",
        license: { name: "MIT" },
      },
      tags: Object.entries(tagDescriptions).map(([name, description]) => ({ name, description })),
    },
  };
}

function scriptFileOf({ file, version }: ApiReferenceScript): StaticFile {
  return new StaticFile({
    contentType: "text/javascript; charset=utf-8",
    cacheControl: "public, max-age=31536000, immutable",
    etag: `"api-reference-${version}"`,
    body: () => Bun.file(file).bytes(),
  });
}

async function renderPage(options: ReturnType<typeof optionsOf>): Promise<StaticFile> {
  const response = await swagger(options).handle(new Request(`http://localhost${path}`));
  const html = await response.text();
  const body = new TextEncoder().encode(html);
  return new StaticFile({
    contentType: "text/html; charset=utf-8",
    cacheControl: "no-cache",
    etag: `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`,
    body: () => Promise.resolve(body),
    headers: { "content-security-policy": contentSecurityPolicy(html) },
  });
}

/** The page carries its settings in a script element of its own; styles are made while it runs. */
function contentSecurityPolicy(html: string): string {
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = inline.map(([, text]) => `'sha256-${createHash("sha256").update(text!).digest("base64")}'`);
  return [
    "default-src 'none'",
    ["script-src 'self'", ...hashes].join(" "),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
