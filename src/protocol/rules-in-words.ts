import { bounds } from "../core/bounds.ts";
import { epochPattern, epochRule } from "../core/position.ts";
import { eventTypePattern, eventTypeRule } from "../core/publication.ts";
import { namePattern, nameRule, userIdPattern, userIdRule } from "../core/topic-name.ts";

/** A regular expression tells a person nothing: what each of ours means. */
const rules: ReadonlyMap<string, string> = new Map([
  [namePattern, nameRule],
  [userIdPattern, userIdRule],
  [epochPattern, epochRule],
  [eventTypePattern, eventTypeRule],
]);

export const commandIdRule = `an integer, or a string of at most ${bounds.commandId} characters`;

export const tagNameRule = `each name must be 1 to ${bounds.tagName} characters`;

/** What a pattern of the schemas asks for, to complete "must be …". */
export function ruleOfPattern(pattern: string): string {
  return rules.get(pattern) ?? `like ${pattern}`;
}
