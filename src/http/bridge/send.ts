import type { Identity } from "../../auth/identity.ts";
import { Failure } from "../../core/failure.ts";
import type { RequestFailure } from "../../session/requests.ts";
import type { HttpContext } from "../context.ts";
import { HttpFailure } from "../http-failure.ts";
import { AnswerStream } from "./answer-stream.ts";
import { checkConnected, recipientsOf, type SendBody, timeoutMs } from "./message.ts";
import { refusePush } from "./push.ts";

const reasons: Readonly<Record<RequestFailure, string>> = {
  timeout: "No final answer came in time.",
  gone: "Everyone who was asked has disconnected.",
  lost: "An answer was lost on the way from the node that took it.",
};

/** Asks the recipients' connections, and streams what they answer; `callerGone` aborts when the caller goes away. */
export async function answerSend(
  context: HttpContext,
  caller: Identity,
  body: SendBody,
  callerGone: AbortSignal,
): Promise<Response> {
  const { cluster, config, users } = context;
  const correlationId = body.correlation_id ?? crypto.randomUUID();
  const log = (fields: object, message: string) =>
    context.log.debug({ correlation_id: correlationId, ...fields }, message);
  const stream = new AnswerStream(config.backpressureLimitBytes, config.sseHeartbeatMs);
  const recipients = recipientsOf(body, config.publicAccounts);
  const { userIds } = recipients;
  const refusal = refusePush(context, caller, recipients);
  if (refusal !== null) throw new HttpFailure(refusal);
  const ask = () =>
    cluster.ask(
      userIds,
      {
        correlationId,
        message: body.message,
        data: body.data,
        timeoutMs: body.timeout_ms ?? timeoutMs.byDefault,
      },
      {
        response(data, final) {
          log({ final }, "question answered");
          stream.send("response", { correlation_id: correlationId, data, final }, final);
        },
        failed(reason) {
          log({ reason }, "question without an answer");
          const error = { correlation_id: correlationId, code: reason, message: reasons[reason] };
          stream.send("error", error, true);
        },
      },
    );
  // Of several accounts none is asked unless all are there; whether one is there shows when it is asked.
  const absence = userIds.length > 1 ? await checkConnected(recipients, cluster) : null;
  const connectionIds = userIds.flatMap((userId) => [...users.connectionsOf(userId)].map(({ id }) => id));
  const cancel = absence ?? (await ask()) ?? recipients.absent;
  if (cancel instanceof Failure) {
    log({ user_id: body.user_id, code: cancel.code }, "question not sent");
    throw new HttpFailure(cancel);
  }
  log({ user_ids: userIds, connection_ids: connectionIds }, "question sent");
  const callerLeft = () => {
    log({}, "question cancelled: its caller is gone");
    cancel();
  };
  stream.onGone(callerLeft);
  // While other nodes were asked, nobody read the stream that could have been missed.
  if (callerGone.aborted) callerLeft();
  return new Response(stream.body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  });
}
