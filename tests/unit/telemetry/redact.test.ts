import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isSensitiveName, redactText, redactUrl } from "../../../src/telemetry/redact.ts";

describe("sensitive names", () => {
  test.each([
    ...["token", "authorization", "api_key", "password", "x-api-key", "cookie"],
    ...[
      "Authorization",
      "X-API-Key",
      "apiKey",
      "access_token",
      "Set-Cookie",
      "redisPassword",
      "client_secret",
    ],
  ])("%s is one", (name) => expect(isSensitiveName(name)).toBe(true));

  test.each(["topic", "key", "tokens", "token_expires_at", "passwordless", "user_id", "cookies_seen"])(
    "%s is none",
    (name) => expect(isSensitiveName(name)).toBe(false),
  );
});

describe("text", () => {
  test.each([
    ["GET /ws?token=abc.def&topics=a", "GET /ws?token=[redacted]&topics=a"],
    ["/ws?topics=a&access_token=abc", "/ws?topics=a&access_token=[redacted]"],
    ["password=hunter2; path=/", "password=[redacted]; path=/"],
    ["Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"],
    ["connect redis://app:hunter2@cache:6379/0", "connect redis://app:[redacted]@cache:6379/0"],
    ['{"type":"refresh","token":"abc"}', '{"type":"refresh","token":"[redacted]"}'],
    ["refused eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln, again", "refused [redacted], again"],
    ["/nowhere/eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0", "/nowhere/[redacted]"],
    ['"{\\"token\\":\\"abc\\"}"', '"{\\"token\\":\\"[redacted]\\"}"'],
  ])("%s", (text, expected) => expect(redactText(text)).toBe(expected));

  test.each(["token expired", "no such key: a", "http://host:8000/path", "mailto:a@b", "the bearer of news"])(
    "leaves %s as it is",
    (text) => expect(redactText(text)).toBe(text),
  );

  test("takes no longer on hostile text", () => {
    const started = performance.now();
    for (const piece of ["token", "api_", "://a:", 'token"', "bearer ", "token=a&"])
      redactText(piece.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("URLs", () => {
  test.each([
    ["/ws?token=abc", "/ws?token=[redacted]"],
    [
      "https://h/ws?a=1&token=abc&b=2#access_token=x",
      "https://h/ws?a=1&token=[redacted]&b=2#access_token=[redacted]",
    ],
    ["/ws?%74oken=abc", "/ws?%74oken=[redacted]"],
    ["/ws?Token=abc%20def", "/ws?Token=[redacted]"],
    ["/ws?next=/a?token=abc", "/ws?next=/a?token=[redacted]"],
    ["redis://:secret@cache", "redis://:[redacted]@cache"],
    ["/ws?%E0%A4=1&topics=a", "/ws?%E0%A4=1&topics=a"],
    ["/plain", "/plain"],
  ])("%s", (url, expected) => expect(redactUrl(url)).toBe(expected));

  test("takes a URL object", () => {
    expect(redactUrl(new URL("http://h/ws?token=abc&since=t:e:1"))).toBe(
      "http://h/ws?token=[redacted]&since=t:e:1",
    );
  });

  test("no value of a token survives, wherever it stands", () => {
    const value = fc.stringMatching(/^[A-Za-z0-9._~-]{4,40}$/).map((text) => `s3cr3t${text}`);
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    const property = fc.property(value, fc.array(fc.tuple(name, name)), name, (secret, others, path) => {
      const query = [...others.map(([key, word]) => `${key}=${word}`), `token=${secret}`, "last=1"].join("&");
      expect(redactUrl(`http://host/${path}?${query}`)).not.toContain(secret);
      expect(redactText(`cannot open http://host/${path}?${query} now`)).not.toContain(secret);
    });
    fc.assert(property);
  });
});
