import { hasKeys, hasTokens } from "../config/auth-rules.ts";
import type { Config } from "../config/index.ts";
import type { RuleChanges, Who } from "../rules/rule.ts";
import type { RulesByPattern } from "../rules/topic-rules.ts";
import type { Log } from "../telemetry/log.ts";

/** Warns of rules that leave something to those who have what nobody can have here. */
export function warnOfUnmetRules(config: Config, rules: RulesByPattern, log: Pick<Log, "warning">): void {
  const isUnmet = (who: Who): boolean => {
    if (who === "anyone" || who === "nobody" || hasKeys(config)) return false;
    return who === "keys" || !hasTokens(config);
  };
  const patterns = [...rules].filter(([, rule]) => rightsOf(rule).some(isUnmet)).map(([pattern]) => pattern);
  if (patterns.length === 0) return;
  log.warning(
    { patterns },
    "rules leave something to tokens or keys that are not configured: nobody may do it",
  );
}

function rightsOf({ allow = {} }: RuleChanges): Who[] {
  return Object.values(allow);
}
