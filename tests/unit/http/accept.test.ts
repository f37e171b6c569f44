import { describe, expect, test } from "bun:test";
import { preferredType } from "../../../src/http/accept.ts";

const json = "application/json";
const plain = "text/plain";
const openMetrics = "application/openmetrics-text";
const html = "text/html";

describe("metrics: JSON unless another format is ranked above it", () => {
  const cases: [string, string | null, string][] = [
    ["no header", null, json],
    ["an empty header", "", json],
    ["curl", "*/*", json],
    ["JSON alone", "application/json", json],
    ["plain text alone", "text/plain", plain],
    ["any text", "text/*", plain],
    ["JSON first", "application/json, text/plain, */*", json],
    ["plain text first", "text/plain, application/json", plain],
    ["quality beats place", "text/plain;q=0.5, application/json", json],
    ["quality beats the default", "application/json;q=0.5, text/plain", plain],
    ["what is named beats a wildcard of the same quality", "*/*, text/plain", plain],
    ["a wildcard of higher quality beats what is named", "*/*;q=0.9, text/plain;q=0.1", json],
    ["JSON ruled out", "application/json;q=0, */*", plain],
    ["everything ruled out", "*/*;q=0", json],
    ["nothing that there is", "image/png", json],
    ["upper case and blanks", " TEXT/Plain ; Version=0.0.4 ; Q=0.9 , application/json;q=0.1", plain],
    ["a quality that is none", "text/plain;q=high, application/json;q=0.1", json],
    ["a quality beyond 1", "text/plain;q=2, application/json;q=0.1", json],
    ["noise", ",,;;/,text,=", json],
    [
      "Prometheus",
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      openMetrics,
    ],
    ["Prometheus before OpenMetrics", "text/plain;version=0.0.4;q=1,*/*;q=0.1", plain],
  ];
  for (const [name, accept, expected] of cases) {
    test(name, () => {
      expect(preferredType(accept, [json, plain, openMetrics])).toBe(expected);
    });
  }
});

describe("the page: to those who prefer HTML", () => {
  const cases: [string, string | null, string][] = [
    ["Chromium", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", html],
    ["Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html],
    ["fetch and curl", "*/*", json],
    ["an API client", "application/json", json],
    ["an API client that would take HTML", "application/json, text/html;q=0.5", json],
  ];
  for (const [name, accept, expected] of cases) {
    test(name, () => {
      expect(preferredType(accept, [json, html])).toBe(expected);
    });
  }
});
