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
}

/** Reads `{"topics":[…]}`, leaving out what is not a topic; subscribers may be a number or counted by transport. */
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
        subscribers: countSubscribers(subscribers),
      },
    ];
  });
}

export function readStatus(body: unknown): StatusSummary {
  const status = record(body);
  return {
    publications: number(status.publications) ?? number(status.messages_received),
    deliveries: number(status.deliveries) ?? number(status.messages_sent),
    connections: number(status.active_connections),
  };
}

function countSubscribers(subscribers: unknown): number {
  if (typeof subscribers === "number") return number(subscribers) ?? 0;
  return Object.values(record(subscribers)).reduce<number>((sum, value) => sum + (number(value) ?? 0), 0);
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
