import { Elysia } from "elysia";
import { DisconnectAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { requireLocalCaller } from "../local-caller.ts";
import { UserParameter } from "../parameters.ts";
import type { ServerSlot } from "../server-slot.ts";

export function usersRoute({ users }: HttpContext, server: ServerSlot) {
  return new Elysia().post(
    "/users/:id/disconnect",
    ({ params: { id }, request }) => {
      requireLocalCaller(request, server.get());
      return { user_id: id, disconnected: users.disconnect(id, "forbidden") };
    },
    {
      params: UserParameter,
      detail: documented(
        {
          summary: "Disconnect a user",
          description:
            "Ends all connections of the user, with close code 4403: well-behaved clients stay away. Answers callers of " +
            "this machine only.",
          tag: tags.users,
          answer: DisconnectAnswer,
          errors: ["forbidden", "invalid"],
        },
        { params: UserParameter },
      ),
    },
  );
}
