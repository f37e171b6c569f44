import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";

/** A message between nodes. Short names: it goes to every node. */
const Envelope = Type.Object({
  /** A notice, a question, its answer, or that there will be none. */
  t: Type.Enum(["notice", "question", "answer", "none"]),
  /** Who sent it. */
  f: Type.String({ minLength: 1, maxLength: 64 }),
  /** Its kind; an answer has its question's. */
  k: Type.String({ minLength: 1, maxLength: 64 }),
  /** The question's number. */
  i: Type.Optional(Type.Integer({ minimum: 0 })),
  /** What it says. */
  p: Type.Optional(Type.Unknown()),
});
export type Envelope = Static<typeof Envelope>;

const validator = Compile(Envelope);

export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify(envelope);
}

/** Null: it is no message between nodes, or longer than may be. */
export function decodeEnvelope(text: string, charactersMax: number): Envelope | null {
  if (text.length > charactersMax) return null;
  try {
    const value: unknown = JSON.parse(text);
    return validator.Check(value) ? value : null;
  } catch {
    return null;
  }
}
