import { describe, expect, test } from "bun:test";
import { AnswerStream } from "../../../src/http/bridge/answer-stream.ts";

const opening = ": heartbeat\n\n";
const never = 1_000_000;

async function readAll(stream: AnswerStream): Promise<string> {
  return await new Response(stream.body).text();
}

function streamWith(options: { bytesMax?: number; heartbeatMs?: number } = {}) {
  const stream = new AnswerStream(options.bytesMax ?? 1000, options.heartbeatMs ?? never);
  let gone = 0;
  stream.onGone(() => gone++);
  return { stream, timesGone: () => gone };
}

describe("the stream of answers", () => {
  test("opens with a comment, so that its status goes out at once", async () => {
    const { stream } = streamWith();
    const reader = stream.body.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(opening);
    await reader.cancel();
  });

  test("ends behind the last event, and takes nothing more", async () => {
    const { stream, timesGone } = streamWith();
    stream.send("response", { data: 1 }, false);
    stream.send("response", { data: "two\nlines" }, true);
    stream.send("response", { data: 3 }, false);
    stream.send("error", { code: "gone" }, true);
    expect(await readAll(stream)).toBe(
      `${opening}event: response\ndata: {"data":1}\n\nevent: response\ndata: {"data":"two\\nlines"}\n\n`,
    );
    expect(timesGone()).toBe(0);
  });

  test("tells once that its reader went away, and drops what comes afterwards", async () => {
    const { stream, timesGone } = streamWith();
    await stream.body.cancel();
    stream.send("response", { data: 1 }, false);
    stream.send("response", { data: 2 }, true);
    expect(timesGone()).toBe(1);
  });

  test("breaks off when its reader is too far behind, which counts as gone", async () => {
    const { stream, timesGone } = streamWith({ bytesMax: 1000 });
    for (let index = 0; index < 3; index++) stream.send("response", { data: "x".repeat(200) }, false);
    expect(timesGone()).toBe(0);
    for (let index = 0; index < 3; index++) stream.send("response", { data: "x".repeat(200) }, index === 2);
    expect(timesGone()).toBe(1);
    await expect(readAll(stream)).rejects.toThrow("does not read");
  });

  test("breaks off although the event that is too much is the last", async () => {
    const { stream, timesGone } = streamWith({ bytesMax: 1000 });
    stream.send("response", { data: "x".repeat(2000) }, true);
    expect(timesGone()).toBe(1);
    await expect(readAll(stream)).rejects.toThrow("does not read");
  });

  test("beats while it is read and nothing comes, and not before or afterwards", async () => {
    const { stream } = streamWith({ heartbeatMs: 5 });
    await Bun.sleep(30);
    const reader = stream.body.getReader();
    const texts: string[] = [];
    const decoder = new TextDecoder();
    for (let count = 0; count < 4; count++) texts.push(decoder.decode((await reader.read()).value));
    // One that had waited would be more than one comment behind the first.
    expect(texts).toEqual([opening, opening, opening, opening]);
    stream.send("response", {}, true);
    const rest: string[] = [];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      rest.push(decoder.decode(part.value));
    }
    expect(rest.at(-1)).toBe("event: response\ndata: {}\n\n");
  });

  test("that nobody ever reads does not beat", async () => {
    const { stream, timesGone } = streamWith({ heartbeatMs: 1, bytesMax: 30 });
    await Bun.sleep(30);
    expect(timesGone()).toBe(0);
    await stream.body.cancel();
  });
});
