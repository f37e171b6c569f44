import type { Break, HistoryPage, Publication } from "../../../client/index.ts";
import { failureOf } from "../errors.ts";
import { OwnKeys } from "../identity.ts";
import type { ServerConnection } from "../server-connection.ts";
import { Composer } from "./composer.ts";
import { chatTopic, chatTopics, entryOf } from "./entries.ts";
import { type EntryKind, Timeline } from "./timeline.ts";
import { TimelineView } from "./timeline-view.ts";
import { Unread } from "./unread.ts";

/** How much of each topic's history a reader who comes is shown. */
const historyLimits: Readonly<Record<(typeof chatTopics)[number], number>> = {
  chat: 50,
  notifications: 5,
  alerts: 10,
};

/** The chat: what the three topics say, and what one says oneself. */
export class ChatView {
  readonly #connection: ServerConnection;
  readonly #timeline = new Timeline();
  readonly #unread = new Unread();
  readonly #ownKeys = new OwnKeys();
  readonly #view: TimelineView;
  readonly #composer: Composer;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
    this.#view = new TimelineView(this.#timeline, this.#unread, {
      retry: (id) => this.#retry(id),
      discard: (id) => {
        this.#timeline.remove(id);
        this.#view.schedule();
        this.#composer.focus();
      },
    });
    this.#composer = new Composer((text) => this.#send(text));
    for (const topic of chatTopics) this.#read(topic);
    connection.observe({
      state: (state) => this.#composer.showState(state),
      leaving: (message) => this.#say("system", message ?? "The server is shutting down."),
      failed: ({ message, remedy }) => this.#say("system", `Disconnected: ${message}. ${remedy}`),
      membership: ({ type, user_id }) =>
        this.#say("system", `${user_id} ${type === "join" ? "joined" : "left"}`),
    });
  }

  focusComposer(): void {
    this.#composer.focus();
  }

  /** The view is in front again. */
  shown(): void {
    this.#view.shown();
  }

  #read(topic: (typeof chatTopics)[number]): void {
    let isHistoryShown = false;
    const showHistory = async () => {
      isHistoryShown = true;
      const page = await this.#showHistory(topic, historyLimits[topic]);
      isHistoryShown = page !== null;
      return page;
    };
    this.#connection.read(topic, {
      publication: (publication, epoch) => this.#receive(publication, epoch),
      subscribed: () => {
        if (!isHistoryShown) void showHistory();
      },
      broken: (gap) => {
        const id = this.#say("break", `Some messages may be missing here (${topic})`);
        void showHistory().then((page) => {
          if (page !== null && closes(page, gap)) this.#timeline.remove(id);
        });
      },
      refused: ({ message }) => this.#say("system", `${topic} cannot be read: ${message}`),
    });
  }

  async #showHistory(topic: string, limit: number): Promise<HistoryPage | null> {
    try {
      const page = await this.#connection.history(topic, limit);
      const { epoch, publications } = page;
      this.#timeline.merge(
        publications.map((publication) => entryOf(publication, epoch, this.#ownKeys.has(publication.key))),
      );
      for (const { key } of publications) {
        const waiting = key === undefined ? undefined : this.#timeline.waitingWithKey(key);
        if (waiting !== undefined) this.#timeline.remove(waiting.id);
      }
      this.#view.schedule();
      return page;
    } catch {
      // The next answer to the subscription asks again; what is live is shown all the same.
      return null;
    }
  }

  #receive(publication: Publication, epoch: string | null): void {
    const entry = entryOf(publication, epoch, this.#ownKeys.has(publication.key));
    const waiting =
      publication.key === undefined ? undefined : this.#timeline.waitingWithKey(publication.key);
    if (waiting !== undefined) {
      const { place, ts, sender, text } = entry;
      this.#timeline.confirm(waiting.id, { place, ts, sender, text });
    } else if (this.#timeline.append(entry) && !entry.own && entry.kind !== "notification") {
      this.#countUnread(entry.id);
    }
    this.#view.schedule();
  }

  #countUnread(id: string): void {
    if (!this.#view.isWatched) this.#unread.add(id);
  }

  #send(text: string): void {
    const key = this.#ownKeys.next();
    this.#timeline.send({
      id: key,
      kind: "message",
      ts: Date.now(),
      text,
      sender: "",
      own: true,
      delivery: "pending",
      key,
      place: null,
    });
    this.#unread.forgetLine();
    this.#view.schedule();
    this.#view.scrollToEnd();
    void this.#publish(key, text);
  }

  async #publish(key: string, text: string): Promise<void> {
    try {
      const { topic, epoch, offset } = await this.#connection.publish(chatTopic, {
        message: text,
        event: "echo",
        key,
      });
      const isPlaced = epoch !== undefined && offset !== undefined;
      this.#timeline.confirm(key, { place: isPlaced ? { topic, epoch, offset } : null });
    } catch (error) {
      this.#timeline.fail(key, failureOf(error));
    }
    this.#view.schedule();
  }

  #retry(id: string): void {
    const waiting = this.#timeline.waiting(id);
    if (waiting === undefined) return;
    this.#timeline.retry(id);
    this.#view.schedule();
    this.#composer.focus();
    // The key stays: if the first try did arrive after all, this one is not published again.
    void this.#publish(id, waiting.text);
  }

  /** A line of the page's own. One about a break stands where the break is: after what is known so far. */
  #say(kind: EntryKind, text: string): string {
    const id = crypto.randomUUID();
    this.#timeline.append({
      id,
      kind,
      ts: (kind === "break" ? this.#timeline.newestTs : null) ?? Date.now(),
      text,
      sender: "",
      own: false,
      delivery: "sent",
      place: null,
    });
    this.#view.schedule();
    return id;
  }
}

/** Whether the page of the history holds everything that the break left out. */
function closes({ epoch, publications }: HistoryPage, { from }: Break): boolean {
  const first = publications[0]?.offset;
  return epoch === from.epoch && first !== undefined && first <= from.offset + 1;
}
