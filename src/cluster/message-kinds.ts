import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";

/** Something that nodes tell each other. */
export interface NoticeKind<Payload> {
  readonly name: string;
  isPayload(value: unknown): value is Payload;
}

/** Something that a node asks all others. */
export interface QuestionKind<Question, Answer> {
  readonly name: string;
  isQuestion(value: unknown): value is Question;
  isAnswer(value: unknown): value is Answer;
}

/** `name` is known to all nodes of a cluster; fields that the schema does not know are let through. */
export function noticeKind<Payload extends TSchema>(
  name: string,
  payload: Payload,
): NoticeKind<Static<Payload>> {
  return { name, isPayload: checker(payload) };
}

export function questionKind<Question extends TSchema, Answer extends TSchema>(
  name: string,
  question: Question,
  answer: Answer,
): QuestionKind<Static<Question>, Static<Answer>> {
  return { name, isQuestion: checker(question), isAnswer: checker(answer) };
}

function checker<Schema extends TSchema>(schema: Schema): (value: unknown) => value is Static<Schema> {
  const validator = Compile(schema);
  return (value): value is Static<Schema> => validator.Check(value);
}
