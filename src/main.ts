import { loadConfig, readConfigInput } from "./config/index.ts";
import { examineCredentials } from "./lifecycle/credentials.ts";
import { exitCodes } from "./lifecycle/exit-codes.ts";
import { run } from "./lifecycle/run.ts";
import { isEvaluation, runEvaluation } from "./rules/evaluation.ts";

if (isEvaluation()) await runEvaluation();

const input = readConfigInput();
const loaded = loadConfig({ ...input, examine: examineCredentials });
switch (loaded.kind) {
  case "help":
  case "version":
  case "check":
    console.log(loaded.text);
    break;
  case "invalid":
    console.error(loaded.text);
    process.exitCode = exitCodes.invalidSettings;
    break;
  case "run":
    await run(loaded.config, loaded.warnings, input.dotEnv ?? {});
}
