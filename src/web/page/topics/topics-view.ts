import { byId } from "../dom.ts";
import type { Failure } from "../errors.ts";
import type { ServerConnection } from "../server-connection.ts";
import { Chart } from "./chart.ts";
import { type Poll, Poller } from "./poller.ts";
import { PublishForm } from "./publish-form.ts";
import { RateHistory } from "./rates.ts";
import { readStatus, readTopics, topicsPath } from "./snapshot.ts";
import { TopicTable } from "./topic-table.ts";
import { WatchPanel } from "./watch-panel.ts";

const chartSeconds = 120;
const sparklineSeconds = 60;
const suggestionsMax = 100;

/** The server at work: its charts, its topics, one topic under observation, and a form to publish. */
export class TopicsView {
  readonly #statusRates = new RateHistory(chartSeconds);
  readonly #topicRates = new RateHistory(sparklineSeconds);
  readonly #connections: (number | null)[] = [];
  readonly #publications = new Chart("Publications/s", "brass", chartSeconds);
  readonly #deliveries = new Chart("Deliveries/s", "accent", chartSeconds);
  readonly #connectionsChart = new Chart("Connections", "green", chartSeconds);
  readonly #table: TopicTable;
  readonly #watch: WatchPanel;
  readonly #form: PublishForm;
  readonly #poller: Poller;
  #topicsTotal = 0;
  readonly #askForToken: (problem: string) => void;
  #hasAsked = false;
  readonly #problem = byId("poll-problem", HTMLElement);

  /** `askForToken` is called once, when the server does not tell without one. */
  constructor(connection: ServerConnection, askForToken: (problem: string) => void) {
    this.#askForToken = askForToken;
    byId("charts", HTMLElement).append(
      this.#publications.element,
      this.#deliveries.element,
      this.#connectionsChart.element,
    );
    this.#form = new PublishForm(connection);
    this.#table = new TopicTable({
      onPick: (topic) => this.#pick(topic),
      seriesOf: (topic) => this.#topicRates.series(topic),
      sparklineCapacity: sparklineSeconds,
    });
    this.#watch = new WatchPanel(connection, (topic) => {
      this.#table.mark(null);
      this.#table.focus(topic);
    });
    this.#poller = new Poller({
      topicsPath: () => topicsPath(this.#table.filter, this.#topicsTotal),
      onPoll: (poll) => this.#show(poll),
      onFailure: (failure) => this.#showProblem(failure),
    });
  }

  set isShown(isShown: boolean) {
    if (!isShown) {
      this.#statusRates.pause();
      this.#topicRates.pause();
    }
    this.#poller.isOn = isShown;
  }

  /** There is another token to try. */
  tokenGiven(): void {
    this.#hasAsked = false;
  }

  #pick(topic: string): void {
    this.#watch.open(topic);
    this.#form.topic = topic;
    this.#table.mark(topic);
  }

  #show({ atMs, status, topics }: Poll): void {
    const { publications, deliveries, connections, topics: topicsTotal } = readStatus(status);
    const counters: Record<string, number> = {};
    if (publications !== null) counters.publications = publications;
    if (deliveries !== null) counters.deliveries = deliveries;
    this.#statusRates.add({ atMs, counters });
    this.#connections.push(connections);
    if (this.#connections.length > chartSeconds) this.#connections.shift();
    this.#publications.show(this.#statusRates.series("publications"));
    this.#deliveries.show(this.#statusRates.series("deliveries"));
    this.#connectionsChart.show(this.#connections);

    const summaries = readTopics(topics);
    this.#topicsTotal = Math.max(topicsTotal ?? 0, summaries.length);
    this.#topicRates.add({
      atMs,
      counters: Object.fromEntries(summaries.map(({ topic, offset }) => [topic, offset])),
    });
    this.#table.show(
      summaries.map((summary) => ({ ...summary, rate: this.#topicRates.latest(summary.topic) })),
      this.#topicsTotal,
    );
    this.#form.suggest(summaries.slice(0, suggestionsMax).map(({ topic }) => topic));
  }

  #showProblem(failure: Failure | null): void {
    this.#problem.hidden = failure === null;
    const text = failure === null ? "" : `No news from the server: ${failure.message}. ${failure.remedy}`;
    if (this.#problem.textContent !== text) this.#problem.textContent = text;
    if (failure?.code !== "unauthorized" || this.#hasAsked) return;
    this.#hasAsked = true;
    this.#askForToken("");
  }
}
