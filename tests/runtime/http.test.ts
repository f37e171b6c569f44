import { expect, test } from "bun:test";

/** In a process of its own: the test runner would take the thrown error for its own. */
const answerOfThrowingServer = async (development: boolean): Promise<string> => {
  const program = `
    const server = Bun.serve({ port: 0, development: ${development}, fetch() { throw new Error("secret"); } });
    const response = await fetch(server.url);
    console.log(JSON.stringify({ status: response.status, text: await response.text() }));
    process.exit();
  `;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "ignore" });
  return await new Response(child.stdout).text();
};

test("with development false a throw in fetch answers a short 500 without its message", async () => {
  const answer = JSON.parse(await answerOfThrowingServer(false));
  expect(answer).toEqual({ status: 500, text: "Something went wrong!" });
});

test("with development true it answers a page that shows the source", async () => {
  const answer = JSON.parse(await answerOfThrowingServer(true));
  expect(answer.status).toBe(500);
  expect(answer.text.length).toBeGreaterThan(10_000);
});
