/** What the browser gets, built but not yet addressed: `html` still holds the placeholders of `assets.ts`. */
export interface PageBundle {
  readonly html: string;
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

const pageFolder = `${import.meta.dir}/page`;

async function build(entry: string): Promise<string> {
  const result = await Bun.build({
    entrypoints: [`${pageFolder}/${entry}`],
    target: "browser",
    minify: true,
  });
  const [output] = result.outputs;
  if (output === undefined) throw new Error(`Building ${entry} of the page gave no output`);
  return output.text();
}

/**
 * Builds the page from its sources, which takes some tens of milliseconds. A compiled server has no sources:
 * `scripts/build.ts` puts the result in the place of this module.
 *
 * @throws AggregateError when a source does not compile
 */
export async function buildPage(): Promise<PageBundle> {
  if (Bun.isStandaloneExecutable) {
    throw new Error("This server was compiled without its page: compile it with `bun run build`.");
  }
  const [html, script, style, icon] = await Promise.all([
    Bun.file(`${pageFolder}/index.html`).text(),
    build("main.ts"),
    build("styles/page.css"),
    Bun.file(`${pageFolder}/icon.svg`).text(),
  ]);
  return { html, script, style, icon };
}
