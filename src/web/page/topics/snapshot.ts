/** A topic as `GET /topics` lists it. */
export interface TopicSummary {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
  readonly subscribers: number;
}

/** What the charts read of `GET /status`; null where the server does not say. */
export interface StatusSummary {
  readonly publications: number | null;
  readonly deliveries: number | null;
  readonly connections: number | null;
  /** How many topics there are, listed or not. */
  readonly topics: number | null;
}

const listedMax = 1000;
const prefixExpression = /^[A-Za-z0-9_.:@|~=-]{1,255}$/;

/** Which topics to ask for: all of them, or where they are too many those that begin with the filter. */
export function topicsPath(filter: string, total: number): string {
  const prefix = filter.trim();
  const isNarrowed = total > listedMax && prefixExpression.test(prefix);
  return `/topics?limit=${listedMax}${isNarrowed ? `&prefix=${encodeURIComponent(prefix)}` : ""}`;
}

/** Reads `{"topics":[…]}`, leaving out what is not a topic. */
export function readTopics(body: unknown): TopicSummary[] {
  const list = record(body).topics;
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const { topic, epoch, offset, subscribers } = record(item);
    if (typeof topic !== "string") return [];
    return [
      {
        topic,
        epoch: typeof epoch === "string" ? epoch : "",
        offset: number(offset) ?? 0,
        subscribers: total(subscribers) ?? 0,
      },
    ];
  });
}

export function readStatus(body: unknown): StatusSummary {
  const status = record(body);
  return {
    publications: total(record(status.publications).received),
    deliveries: total(status.deliveries),
    connections: number(status.active_connections),
    topics: number(status.topics),
  };
}

/** A number, or the sum of a record of them, as counters are told apart by transport; null without any. */
function total(counter: unknown): number | null {
  if (typeof counter === "number") return number(counter);
  const numbers = Object.values(record(counter)).flatMap((value) => number(value) ?? []);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0);
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
