import { Elysia } from "elysia";
import { Failure } from "../core/failure.ts";
import { allowedOriginsOf } from "../core/origin.ts";
import type { HttpContext, RequestServer } from "./context.ts";
import { CrossOrigin, isSafe } from "./cross-origin.ts";
import { ErrorAnswers, handleErrors } from "./errors.ts";
import { HttpFailure } from "./http-failure.ts";
import { publicPaths } from "./public-paths.ts";
import { pathOf, routable } from "./request-url.ts";
import { RouteMethods } from "./route-methods.ts";
import { alertsRoutes } from "./routes/alerts.ts";
import { asyncApiRoute } from "./routes/asyncapi.ts";
import { bridgeRoutes } from "./routes/bridge.ts";
import { docsRoutes } from "./routes/docs.ts";
import { eventsRoute } from "./routes/events.ts";
import { healthRoute, readyRoute } from "./routes/health.ts";
import { historyRoute } from "./routes/history.ts";
import { historyDeletionRoute } from "./routes/history-deletion.ts";
import { messagesRoute } from "./routes/messages.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { nodesRoute } from "./routes/nodes.ts";
import { notifyRoute } from "./routes/notify.ts";
import { pageRoutes } from "./routes/page.ts";
import { presenceRoute } from "./routes/presence.ts";
import { publishRoute } from "./routes/publish.ts";
import { publishBatchRoute } from "./routes/publish-batch.ts";
import { revocationsRoute } from "./routes/revocations.ts";
import { statusRoute } from "./routes/status.ts";
import { topicsRoutes } from "./routes/topics.ts";
import { usersRoute } from "./routes/users.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { ServerSlot } from "./server-slot.ts";

/** Everything that is answered over HTTP, but for WebSocket upgrades. */
export interface HttpApplication {
  /** Never throws and never rejects. */
  fetch(request: Request, server: RequestServer): Response | Promise<Response>;
}

const foreignOrigin = new HttpFailure(
  new Failure(
    "forbidden",
    "This page's origin may change nothing: list it in CORS_ORIGINS, or in ALLOWED_ORIGINS where that is set.",
  ),
);

/** Which routes there are: all, or where administration has a port of its own, those of one of the two. */
export type Part = "all" | "clients" | "administration";

/** Composes the routes. */
export function createHttpApplication(context: HttpContext, part: Part = "all"): HttpApplication {
  const { callers, config, counters } = context;
  const errors = new ErrorAnswers(context);
  const server = new ServerSlot();
  const app = new Elysia();
  handleErrors(app, errors, (path) => methods.allowed(path));
  if (part !== "administration") addClientRoutes(app, context, server);
  if (part !== "clients") addAdministration(app, context, server);
  addCommonRoutes(app, context);
  const methods = new RouteMethods(app.routes);
  const isForEverybody = publicPaths(context);
  const crossOrigin = new CrossOrigin(config.corsOrigins, allowedOriginsOf(config));

  const route = (request: Request, origin: string | null): Response | Promise<Response> => {
    if (request.method === "OPTIONS") return answerOptions(request, origin);
    if (origin !== null && !isSafe(request.method) && !crossOrigin.mayChange(request, origin)) {
      return errors.answerThrown(foreignOrigin, request);
    }
    const routed = routable(request);
    if (callers.isOpen || isForEverybody(pathOf(request.url))) return app.fetch(routed);
    // Before anything of the body is read.
    const identified = callers.identify(routed);
    return identified instanceof Promise ? identified.then(() => app.fetch(routed)) : app.fetch(routed);
  };
  const answerOptions = (request: Request, origin: string | null): Response => {
    const allow = methods.allowed(pathOf(request.url));
    if (allow === null) return errors.answerUnrouted(null, request);
    const headers = { allow, ...crossOrigin.preflightHeaders(request, origin, allow) };
    return new Response(null, { status: 204, headers });
  };
  const finish = (response: Response, origin: string | null): Response => {
    addSecurityHeaders(response.headers, config);
    crossOrigin.addHeaders(response.headers, origin);
    return response;
  };
  const finishLater = async (pending: Promise<Response>, request: Request, origin: string | null) => {
    try {
      return finish(await pending, origin);
    } catch (error) {
      return finish(errors.answerThrown(error, request), origin);
    }
  };
  return {
    fetch(request, bunServer) {
      counters.requestsReceived++;
      server.set(bunServer);
      const origin = request.headers.get("origin");
      try {
        const answer = route(request, origin);
        return answer instanceof Promise ? finishLater(answer, request, origin) : finish(answer, origin);
      } catch (error) {
        return finish(errors.answerThrown(error, request), origin);
      }
    },
  };
}

function addClientRoutes(app: Elysia, context: HttpContext, server: ServerSlot): void {
  app
    .use(publishRoute(context))
    .use(publishBatchRoute(context))
    .use(notifyRoute(context))
    .use(topicsRoutes(context))
    .use(historyRoute(context))
    .use(presenceRoute(context))
    .use(bridgeRoutes(context, server))
    .use(alertsRoutes(context))
    .use(messagesRoute(context))
    .use(eventsRoute(context, server))
    .use(asyncApiRoute(context))
    .use(pageRoutes(context));
}

/** What clients have no use for, and strangers must not have. */
function addAdministration(app: Elysia, context: HttpContext, server: ServerSlot): void {
  app
    .use(historyDeletionRoute(context, server))
    .use(usersRoute(context, server))
    .use(revocationsRoute(context, server))
    .use(statusRoute(context))
    .use(nodesRoute(context));
  if (context.config.metricsEnabled) app.use(metricsRoutes(context));
}

function addCommonRoutes(app: Elysia, context: HttpContext): void {
  app.use(readyRoute(context));
  if (context.config.healthCheckEnabled) app.use(healthRoute(context));
  app.use(docsRoutes(context));
}
