import { describeRefused, isRefused, type LoadedRules, loadRules } from "../rules/rules-file.ts";
import type { RulesByPattern } from "../rules/topic-rules.ts";
import type { Log } from "../telemetry/log.ts";

/** The rules cannot be used; the message says all that is wrong, to the person who starts the server. */
export class InvalidRules extends Error {}

/** The rules that a server starts with. Throws an InvalidRules. */
export async function requireRules(setting: string, folder: string): Promise<LoadedRules> {
  const loaded = await loadRules(setting, folder);
  if (isRefused(loaded)) throw new InvalidRules(describeRefused(loaded));
  return loaded;
}

export interface RulesReloadPorts {
  readonly log: Pick<Log, "info" | "error">;
  /** All rules give way to these. */
  readonly replace: (rules: RulesByPattern) => void;
}

/** Reads the rules file anew when asked to; one that cannot be used changes nothing. */
export class RulesReload {
  readonly #setting: string;
  readonly #folder: string;
  readonly #ports: RulesReloadPorts;
  #file: string | null;
  #last: Promise<void> = Promise.resolve();

  /** `loaded` is what the server started with; the others are as `loadRules` takes them. */
  constructor(setting: string, folder: string, loaded: LoadedRules, ports: RulesReloadPorts) {
    this.#setting = setting;
    this.#folder = folder;
    this.#file = loaded.file;
    this.#ports = ports;
  }

  /** Resolves when it is done. Of several that come at once each reads the file after the one before. */
  reload(): Promise<void> {
    this.#last = this.#last.then(() => this.#reload());
    return this.#last;
  }

  async #reload(): Promise<void> {
    const { log, replace } = this.#ports;
    const loaded = await loadRules(this.#setting, this.#folder);
    if (isRefused(loaded)) {
      log.error({ problems: describeRefused(loaded) }, "rules stay as they were: their file is wrong");
    } else if (loaded.file === null && this.#file !== null) {
      // A file that is gone by mistake must not open every topic.
      log.error({ file: this.#file }, "rules stay as they were: their file is gone");
    } else {
      this.#file = loaded.file;
      replace(loaded.rules);
      log.info({ file: loaded.file, patterns: loaded.rules.size }, "rules read again");
    }
  }
}
