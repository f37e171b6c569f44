/** `bun run bench`: Fanfare beside the least that Bun can do. README.md in this folder tells how to read it. */
import { parseArgs } from "node:util";
import type { Effort, Row, Scenario } from "./scenario.ts";
import { meetsTarget } from "./scenario.ts";
import { eventStream } from "./scenarios/event-stream.ts";
import { guarded } from "./scenarios/guarded.ts";
import { memory } from "./scenarios/memory.ts";
import { relay } from "./scenarios/relay.ts";
import { rest } from "./scenarios/rest.ts";
import { rules } from "./scenarios/rules.ts";
import { selfcheck } from "./scenarios/selfcheck.ts";
import { websocket } from "./scenarios/websocket.ts";
import { tableHead, tableLine } from "./table.ts";

const scenarios: readonly Scenario[] = [
  websocket,
  eventStream,
  memory,
  rest,
  relay,
  guarded,
  rules,
  selfcheck,
];

const usage = `bun run bench -- [scenario…] [--quick] [--json FILE] [--profile FOLDER]
scenarios: ${scenarios.map((scenario) => scenario.name).join(", ")} (default: all but guarded, rules and selfcheck)`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (values.help || unknown.length > 0) {
  console.log(unknown.length > 0 ? `no such scenario: ${unknown.join(", ")}\n${usage}` : usage);
  process.exit(values.help ? 0 : 2);
}

const start = values.profile === undefined ? {} : { profileFolder: values.profile };
const effort: Effort = values.quick
  ? { rounds: { count: 3, turns: 6, turnMs: 100 }, warmUpMs: 1000, idleConnections: 5000, start }
  : { rounds: { count: 9, turns: 12, turnMs: 100 }, warmUpMs: 3000, idleConnections: 15_000, start };

const rows: Row[] = [];
console.log(tableHead());
for (const scenario of scenarios) {
  const isChosen = positionals.length === 0 ? scenario.byDefault : positionals.includes(scenario.name);
  if (!isChosen) continue;
  await scenario.run(effort, (row) => {
    rows.push(row);
    console.log(tableLine(row));
  });
}
if (values.json !== undefined) {
  const results = rows.map((row) => ({ ...row, meetsTarget: meetsTarget(row) }));
  await Bun.write(values.json, `${JSON.stringify({ bun: Bun.version, rows: results }, null, 2)}\n`);
}
process.exit();
