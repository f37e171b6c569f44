/** Reads the Prometheus and OpenMetrics text formats strictly enough to notice what a scraper would refuse. */
export interface Family {
  type: string;
  help: string;
  samples: Sample[];
}

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const nameFormat = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleFormat = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelFormat = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const valueFormat = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i;

export function parseExposition(text: string, openMetrics: boolean): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const lines = text.slice(0, -1).split("\n");
  if (openMetrics && lines.pop() !== "# EOF") throw new Error("no # EOF at the end");
  const families = new Map<string, Family>();
  let current = "";
  for (const line of lines) {
    if (line === "" && !openMetrics) continue;
    if (line.startsWith("# HELP ")) {
      current = openFamily(families, line);
    } else if (line.startsWith("# TYPE ")) {
      const [name, type] = line.slice(7).split(" ");
      if (name !== current) throw new Error(`TYPE of another family: ${line}`);
      families.get(current)!.type = type ?? "";
    } else {
      addSample(families.get(current), current, parseSample(line), openMetrics);
    }
  }
  return families;
}

function openFamily(families: Map<string, Family>, line: string): string {
  const [name = ""] = line.slice(7).split(" ");
  if (!nameFormat.test(name) || families.has(name)) throw new Error(`bad or repeated family: ${line}`);
  families.set(name, { type: "untyped", help: line.slice(8 + name.length), samples: [] });
  return name;
}

function addSample(
  family: Family | undefined,
  familyName: string,
  sample: Sample,
  openMetrics: boolean,
): void {
  if (family === undefined) throw new Error(`sample without a family: ${sample.name}`);
  const suffixes: Record<string, string[]> = {
    counter: [openMetrics ? "_total" : ""],
    gauge: [""],
    histogram: ["_bucket", "_sum", "_count"],
  };
  const allowed = (suffixes[family.type] ?? []).map((suffix) => familyName + suffix);
  if (!allowed.includes(sample.name)) throw new Error(`${sample.name} does not belong to ${familyName}`);
  const identity = JSON.stringify([sample.name, sample.labels]);
  if (family.samples.some((other) => JSON.stringify([other.name, other.labels]) === identity)) {
    throw new Error(`repeated sample ${identity}`);
  }
  if (family.type !== "gauge" && !(sample.value >= 0)) throw new Error(`negative: ${identity}`);
  family.samples.push(sample);
}

function parseSample(line: string): Sample {
  const [, name, labels = "", value = ""] = sampleFormat.exec(line) ?? [];
  if (name === undefined || !valueFormat.test(value)) throw new Error(`not a sample: ${line}`);
  return { name, labels: parseLabels(labels), value: Number(value.replace("Inf", "Infinity")) };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [matched, name, value] = labelFormat.exec(rest) ?? [];
    if (matched === undefined || name! in labels) throw new Error(`bad labels: ${text}`);
    labels[name!] = value!;
    rest = rest.slice(matched.length);
  }
  return labels;
}
