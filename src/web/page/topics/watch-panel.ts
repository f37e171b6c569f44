import type { Position, Publication } from "../../../client/index.ts";
import { byId, element } from "../dom.ts";
import { failureOf } from "../errors.ts";
import type { ServerConnection } from "../server-connection.ts";
import { formatData } from "../text.ts";
import { clockTimeWithSeconds, fullTime } from "../time.ts";

const messagesMax = 100;
const historyLimit = 20;
const membersShownMax = 50;
const presenceIntervalMs = 5000;

/** Stands for a break of the stream among the publications. */
const gap = Symbol("gap");

/** One topic under observation: its live messages, the newest first, and who reads it. */
export class WatchPanel {
  readonly #connection: ServerConnection;
  readonly #onClose: (topic: string) => void;
  readonly #panel = byId("watch", HTMLElement);
  readonly #title = byId("watch-title", HTMLElement);
  readonly #position = byId("watch-position", HTMLElement);
  readonly #presence = byId("watch-presence", HTMLElement);
  readonly #messages = byId("watch-messages", HTMLElement);
  readonly #note = byId("watch-note", HTMLElement);
  readonly #pause = byId("watch-pause", HTMLButtonElement);
  readonly #close = byId("watch-close", HTMLButtonElement);
  #topic: string | null = null;
  #stopReading: (() => void) | null = null;
  #presenceTimer: number | undefined;
  /** Places shown, so that the history and the live stream overlap without doubles. */
  readonly #shown = new Set<string>();
  #held: { readonly publication: Publication; readonly epoch: string | null }[] = [];
  #queued: (Publication | typeof gap)[] = [];
  #isPaused = false;

  constructor(connection: ServerConnection, onClose: (topic: string) => void) {
    this.#connection = connection;
    this.#onClose = onClose;
    this.#close.addEventListener("click", () => this.close());
    this.#pause.addEventListener("click", () => this.#togglePause());
    this.#showNothing();
    connection.observe({ state: () => this.#showPresence() });
  }

  get topic(): string | null {
    return this.#topic;
  }

  open(topic: string): void {
    this.#stop();
    this.#topic = topic;
    this.#title.textContent = topic;
    this.#clear();
    this.#showOpen(true);
    this.#title.focus();
    this.#stopReading = this.#connection.read(topic, {
      publication: (publication, epoch) => this.#receive(publication, epoch),
      subscribed: (position) => this.#subscribed(topic, position),
      broken: () => this.#queue(gap),
      refused: ({ message, remedy }) => this.#say(`This topic cannot be read: ${message} ${remedy}`),
    });
    const position = this.#connection.positionOf(topic);
    if (position !== null && this.#connection.state === "connected") this.#subscribed(topic, position);
    this.#showPresence();
    this.#presenceTimer = window.setInterval(() => this.#showPresence(), presenceIntervalMs);
  }

  close(): void {
    const topic = this.#topic;
    this.#stop();
    this.#topic = null;
    this.#clear();
    this.#showNothing();
    if (topic !== null) this.#onClose(topic);
  }

  #showNothing(): void {
    this.#title.textContent = "No topic picked";
    this.#showOpen(false);
    this.#say("Pick a topic to see its messages as they come, and who reads it.");
  }

  #showOpen(isOpen: boolean): void {
    this.#panel.classList.toggle("open", isOpen);
    this.#pause.hidden = !isOpen;
    this.#close.hidden = !isOpen;
  }

  #stop(): void {
    this.#stopReading?.();
    this.#stopReading = null;
    window.clearInterval(this.#presenceTimer);
  }

  #clear(): void {
    this.#messages.replaceChildren();
    this.#shown.clear();
    this.#held = [];
    this.#queued = [];
    this.#setPaused(false);
    this.#presence.replaceChildren();
    this.#position.textContent = "";
    this.#say(this.#connection.state === "connected" ? "" : "Press Connect to watch this topic.");
  }

  #subscribed(topic: string, position: Position): void {
    this.#showPosition(position);
    this.#say("");
    void this.#showPresence();
    if (this.#messages.childElementCount > 0) return;
    this.#connection.history(topic, historyLimit).then(
      ({ epoch, publications }) => {
        if (this.#topic !== topic) return;
        const older = publications.filter((publication) => this.#isNew(publication, epoch));
        this.#messages.append(...older.map((publication) => drawMessage(publication)).reverse());
        if (this.#messages.childElementCount === 0) this.#say("No messages yet.");
      },
      (error: unknown) => {
        if (this.#topic === topic) this.#say(`No history: ${failureOf(error).message}`);
      },
    );
  }

  #receive(publication: Publication, epoch: string | null): void {
    if (epoch !== null && publication.offset !== undefined) {
      this.#showPosition({ epoch, offset: publication.offset });
    }
    if (this.#isPaused) {
      this.#held.push({ publication, epoch });
      if (this.#held.length > messagesMax) this.#held.shift();
      this.#pause.textContent = `Resume (${this.#held.length})`;
      return;
    }
    this.#add(publication, epoch);
  }

  #add(publication: Publication, epoch: string | null): void {
    if (this.#isNew(publication, epoch)) this.#queue(publication);
  }

  /** Draws at most once a frame, and no more than is kept: a busy topic must not stop the page. */
  #queue(item: Publication | typeof gap): void {
    this.#queued.push(item);
    if (this.#queued.length > messagesMax) this.#queued.shift();
    if (this.#queued.length > 1) return;
    requestAnimationFrame(() => {
      const items = this.#queued.splice(0).reverse();
      if (items.length === 0) return;
      this.#say("");
      this.#messages.prepend(...items.map((queued) => (queued === gap ? drawGap() : drawMessage(queued))));
      while (this.#messages.childElementCount > messagesMax) this.#messages.lastElementChild?.remove();
    });
  }

  #isNew({ offset }: Publication, epoch: string | null): boolean {
    if (epoch === null || offset === undefined) return true;
    const place = `${epoch} ${offset}`;
    if (this.#shown.has(place)) return false;
    this.#shown.add(place);
    for (const oldest of this.#shown) {
      if (this.#shown.size <= 2 * messagesMax) break;
      this.#shown.delete(oldest);
    }
    return true;
  }

  #togglePause(): void {
    this.#setPaused(!this.#isPaused);
    if (this.#isPaused) return;
    for (const { publication, epoch } of this.#held.splice(0)) this.#add(publication, epoch);
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#pause.setAttribute("aria-pressed", String(isPaused));
    this.#pause.textContent = isPaused ? "Resume" : "Pause";
  }

  #showPosition({ epoch, offset }: Position): void {
    this.#position.textContent = `epoch ${epoch} · offset ${offset.toLocaleString("en")}`;
  }

  #showPresence(): void {
    const topic = this.#topic;
    if (topic === null || document.hidden || this.#connection.state !== "connected") return;
    this.#connection.presence(topic).then(
      ({ connections, members }) => {
        if (this.#topic !== topic) return;
        const known = members.reduce((sum, member) => sum + member.connections, 0);
        const guests = connections - known;
        const names = members
          .slice(0, membersShownMax)
          .map(({ user_id, connections: count }) => (count === 1 ? user_id : `${user_id} ×${count}`));
        if (members.length > membersShownMax)
          names.push(`and ${members.length - membersShownMax} more users`);
        if (guests > 0) names.push(`${guests.toLocaleString("en")} ${guests === 1 ? "guest" : "guests"}`);
        this.#presence.replaceChildren(
          element("strong", {}, `${connections.toLocaleString("en")} connected`),
          ...names.map((name) => element("span", { class: "chip" }, name)),
        );
      },
      (error: unknown) => {
        if (this.#topic === topic) this.#presence.textContent = `Presence: ${failureOf(error).message}`;
      },
    );
  }

  #say(text: string): void {
    this.#note.textContent = text;
    this.#note.hidden = text === "";
  }
}

function drawGap(): HTMLElement {
  return element("li", { class: "gap" }, "Some messages may be missing here");
}

function drawMessage(publication: Publication): HTMLElement {
  const { type, ts, sender, offset, message, data } = publication;
  return element(
    "li",
    {},
    element(
      "p",
      { class: "message-head" },
      element("span", { class: "badge" }, type),
      sender === undefined ? null : element("span", { class: "message-sender", dir: "auto" }, sender),
      element("span", { class: "mono" }, offset === undefined ? "not stored" : `#${offset}`),
      element(
        "time",
        { datetime: new Date(ts).toISOString(), title: fullTime(ts) },
        clockTimeWithSeconds(ts),
      ),
    ),
    message === undefined || message === "" ? null : element("p", { class: "text", dir: "auto" }, message),
    data === undefined ? null : element("pre", { class: "data" }, formatData(data)),
  );
}
