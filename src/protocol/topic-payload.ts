/** What `data` is in the topics that fit a pattern, for the documents that describe this server. */
export interface TopicPayload {
  readonly pattern: string;
  /** JSON Schema that refers to nothing. */
  readonly schema: unknown;
}

/** A name for the `index`th of them. Patterns have characters that such names may not have; the number tells them apart. */
export function payloadName({ pattern }: TopicPayload, index: number): string {
  return `${index + 1}_${pattern.replace(/[^A-Za-z0-9.-]/g, "_")}`;
}
