import { type LoadedConfig, loadConfig, readConfigInput } from "./config/index.ts";
import { examineCredentials } from "./lifecycle/credentials.ts";
import { exitCodes } from "./lifecycle/exit-codes.ts";
import { run } from "./lifecycle/run.ts";
import { isEvaluation, runEvaluation } from "./rules/evaluation.ts";
import { describeRefused, isRefused, loadRules } from "./rules/rules-file.ts";

if (isEvaluation()) await runEvaluation();

const input = readConfigInput();
const loaded = loadConfig({ ...input, examine: examineCredentials });
switch (loaded.kind) {
  case "help":
  case "version":
    console.log(loaded.text);
    break;
  case "check":
    await check(loaded);
    break;
  case "invalid":
    console.error(loaded.text);
    process.exitCode = exitCodes.invalidSettings;
    break;
  case "run":
    await run(loaded.config, loaded.warnings, input.dotEnv ?? {});
}

/** Says what the settings come to, and what is wrong with the rules of topics. */
async function check({ text, rulesFile }: Extract<LoadedConfig, { kind: "check" }>): Promise<void> {
  console.log(text);
  const rules = await loadRules(rulesFile, process.cwd());
  if (isRefused(rules)) {
    console.error(describeRefused(rules));
    process.exitCode = exitCodes.invalidSettings;
  } else if (rules.file !== null) {
    console.log(`rules are valid: ${rules.file}, patterns: ${rules.rules.size}`);
  }
}
