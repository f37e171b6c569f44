import { Elysia } from "elysia";
import { preferredType } from "../accept.ts";
import type { HttpContext, HttpMetrics } from "../context.ts";
import { documented, tags } from "../documentation.ts";

const json = "application/json";
const plainText = "text/plain";
const openMetrics = "application/openmetrics-text";

export function metricsRoutes({ callers, metrics }: HttpContext) {
  return new Elysia()
    .get(
      "/metrics",
      ({ request }) => {
        callers.requireInsight(request);
        return answer(metrics, request, [json, plainText, openMetrics]);
      },
      {
        detail: documented({
          summary: "Metrics",
          description: "JSON unless `Accept` ranks one of Prometheus' formats above it, as scrapers do.",
          tag: tags.server,
          contentTypes: [json, plainText, openMetrics],
        }),
      },
    )
    .get(
      "/metrics/prometheus",
      ({ request }) => {
        callers.requireInsight(request);
        return answer(metrics, request, [plainText, openMetrics]);
      },
      {
        detail: documented({
          summary: "Metrics for Prometheus",
          tag: tags.server,
          contentTypes: [plainText, openMetrics],
        }),
      },
    );
}

async function answer(
  metrics: HttpMetrics,
  request: Request,
  formats: readonly [string, ...string[]],
): Promise<Response> {
  const format = preferredType(request.headers.get("accept"), formats);
  const headers = { vary: "Accept" };
  if (format === json) return Response.json(await metrics.toJson(), { headers });
  const { contentType, body } = await metrics.toPrometheus(format === openMetrics);
  return new Response(body, { headers: { ...headers, "content-type": contentType } });
}
