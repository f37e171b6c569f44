import { parseArgs } from "node:util";
import measured from "./measured.json" with { type: "json" };
import { type Load, needsOf, plannedShare } from "./model.ts";

/** Loads that people ask about. */
const examples: readonly (readonly [string, Load])[] = [
  [
    "One push in a second to each of 5,000 users",
    { connections: 100_000, publications: 5000, readers: 1, bytes: 300 },
  ],
  ["Chat rooms of 50, busy", { connections: 100_000, publications: 4000, readers: 50, bytes: 300 }],
  ["A ticker that all read", { connections: 100_000, publications: 10, readers: 100_000, bytes: 300 }],
  ["A million phones, quiet", { connections: 1_000_000, publications: 20_000, readers: 1, bytes: 300 }],
  ["A million in rooms of 50", { connections: 1_000_000, publications: 20_000, readers: 50, bytes: 300 }],
];

const help = `What a load needs, reckoned from what was measured (bench/scaling/measured.json).

bun run scaling                                   the examples of docs/operations.md
bun run scaling --connections 200000 --publications 1000 --readers 30 [--bytes 300]`;

const { values } = parseArgs({
  options: {
    connections: { type: "string" },
    publications: { type: "string" },
    readers: { type: "string" },
    bytes: { type: "string", default: "300" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(help);
} else {
  const { connections, publications, readers, bytes } = values;
  const own = [connections, publications, readers, bytes].map(Number);
  const isOwn = connections !== undefined || publications !== undefined || readers !== undefined;
  if (isOwn && own.some((number) => !(number > 0))) {
    console.error(`Each of --connections, --publications, --readers and --bytes must be above 0.\n\n${help}`);
    process.exit(2);
  }
  const [a = 0, b = 0, c = 0, d = 0] = own;
  const loads = isOwn
    ? ([["This load", { connections: a, publications: b, readers: c, bytes: d }]] as const)
    : examples;
  console.log(tableOf(loads));
  console.log(`\nProcesses and masters of Redis are planned to ${plannedShare * 100} % of a core each.`);
}

function tableOf(loads: readonly (readonly [string, Load])[]): string {
  const head = [
    "| load | connections | publications/s | readers of each | processes | Redis | memory of connections |",
    "|---|---|---|---|---|---|---|",
  ];
  const rows = loads.map(([name, load]) => {
    const needs = needsOf(load, measured.costs);
    const percent = Math.round(needs.redisLoad * 100);
    const megabytes = (needs.redisBytesPerSecond / 1e6).toFixed(1);
    const redis = `${needs.redisMasters === 1 ? "one" : `${needs.redisMasters} masters`}, ${percent} % of a core, ${megabytes} MB/s out`;
    const cells = [
      name,
      load.connections.toLocaleString("en"),
      load.publications.toLocaleString("en"),
      load.readers.toLocaleString("en"),
      needs.processes.toLocaleString("en"),
      redis,
      `${(needs.connectionBytes / 1e9).toFixed(1)} GB`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [...head, ...rows].join("\n");
}
