import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { anchors, readDocument, relativeLinks, root } from "./support/document.ts";

const documents = ["README.md", "CHANGELOG.md", ...new Bun.Glob("docs/**/*.md").scanSync(root)];

test.each(documents)(
  "every link of %s leads to a file of the repository, and to a heading in it",
  async (name) => {
    const document = await readDocument(name);
    for (const link of relativeLinks(document)) {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? name : normalize(join(dirname(name), path));
      expect(existsSync(join(root, target)), `${name} links to ${link}`).toBe(true);
      if (anchor !== undefined)
        expect(anchors(await readDocument(target)), `${name}: ${link}`).toContain(anchor);
    }
  },
);

test("the README leads to the other documents", async () => {
  const links = relativeLinks(await readDocument("README.md"));
  for (const name of ["docs/protocol.md", "docs/operations.md", "docs/architecture.md"]) {
    expect(links).toContain(name);
  }
});
