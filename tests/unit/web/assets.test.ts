import { describe, expect, test } from "bun:test";
import { assemblePage, contentSecurityPolicy, loadPage } from "../../../src/web/assets.ts";
import { buildPage } from "../../../src/web/bundle.ts";

const decoder = new TextDecoder();

describe("the page's files", () => {
  test("are a document that names the others, each under its hash", async () => {
    const [document, ...rest] = await loadPage();
    const html = decoder.decode(document!.body);
    expect(document).toMatchObject({
      path: "/",
      contentType: "text/html; charset=utf-8",
      cacheControl: "no-cache",
    });
    expect(rest.map(({ path }) => path.replace(/[0-9a-f]{16}/, "<hash>"))).toEqual([
      "/assets/page-<hash>.js",
      "/assets/page-<hash>.css",
      "/assets/page-<hash>.svg",
    ]);
    for (const { path, cacheControl, etag } of rest) {
      expect(html).toContain(`"${path}"`);
      expect(cacheControl).toContain("immutable");
      expect(path).toContain(etag.slice(1, -1));
    }
    expect(html).not.toContain("{{");
  });

  test("name no other host", async () => {
    const namespaces = ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"];
    for (const { body } of await loadPage()) {
      const found = decoder.decode(body).match(/https?:\/\/[a-z0-9.-]+[a-z0-9/.]*/gi) ?? [];
      expect(found.filter((address) => !namespaces.includes(address))).toEqual([]);
    }
  });

  test("are small", async () => {
    const files = await loadPage();
    const bytes = files.reduce((sum, { body }) => sum + Bun.gzipSync(body).length, 0);
    expect(bytes).toBeLessThan(50_000);
  });

  test("are made once", async () => {
    expect(await loadPage()).toBe(await loadPage());
  });

  test("change their address with their content, and only then", async () => {
    const bundle = await buildPage();
    const paths = (assets: ReturnType<typeof assemblePage>) =>
      assets.map(({ path, etag }) => `${path} ${etag}`);
    expect(paths(assemblePage(bundle))).toEqual(paths(await loadPage()));
    const changed = assemblePage({ ...bundle, style: `${bundle.style}p{}` });
    const differences = paths(changed).map((path, index) => path !== paths(assemblePage(bundle))[index]);
    expect(differences).toEqual([true, false, true, false]);
  });
});

test("the policy lets nothing in that it does not name", () => {
  expect(contentSecurityPolicy).toStartWith("default-src 'none';");
  expect(contentSecurityPolicy).not.toMatch(/unsafe|\*|https?:/);
});
