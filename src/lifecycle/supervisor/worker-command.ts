import type { Environment } from "../../config/index.ts";
import { environmentOf, type WorkerPlace } from "../worker/place.ts";
import type { WorkerCommand } from "./worker-process.ts";

/**
 * How this program is started as a worker. It reads `.env` by itself, as it is then: Bun has copied this process'
 * own reading into the environment, which would win over what has changed.
 */
export function workerCommand(place: WorkerPlace, dotEnv: Environment): WorkerCommand {
  const inherited = Object.entries(process.env).filter(([name, text]) => dotEnv[name] !== text);
  const program = Bun.isStandaloneExecutable
    ? [process.execPath]
    : [process.execPath, ...process.execArgv, process.argv[1]!];
  return {
    command: [...program, ...process.argv.slice(2)],
    environment: { ...Object.fromEntries(inherited), ...environmentOf(place) },
  };
}
