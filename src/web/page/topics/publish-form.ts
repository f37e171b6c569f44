import type { PublishResult } from "../../../client/index.ts";
import { byId, element, icon } from "../dom.ts";
import { type Failure, failureOf } from "../errors.ts";
import type { ServerConnection } from "../server-connection.ts";
import { type Draft, type DraftField, readDraft, readJson } from "./draft.ts";

const problemFields: readonly DraftField[] = ["topic", "event", "data"];

/** Publishes to any topic, and shows the position that the server gave or what it said against it. */
export class PublishForm {
  readonly #connection: ServerConnection;
  readonly #form = byId("publish", HTMLFormElement);
  readonly #button = byId("publish-button", HTMLButtonElement);
  readonly #outcome = byId("publish-outcome", HTMLElement);
  readonly #topics = byId("publish-topics", HTMLDataListElement);

  constructor(connection: ServerConnection) {
    this.#connection = connection;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#field("data").addEventListener("input", () => {
      this.#showProblem("data", readJson(this.#field("data").value).problem);
    });
    for (const name of ["topic", "event"] as const) {
      this.#field(name).addEventListener("input", () => this.#showProblem(name, undefined));
    }
  }

  set topic(topic: string) {
    this.#field("topic").value = topic;
    this.#showProblem("topic", undefined);
  }

  /** Names to choose from; any other may be typed. */
  suggest(topics: readonly string[]): void {
    const shown = [...this.#topics.options].map(({ value }) => value);
    if (shown.join("\n") === topics.join("\n")) return;
    this.#topics.replaceChildren(...topics.map((topic) => element("option", { value: topic })));
  }

  #field(name: Exclude<keyof Draft, "store">): HTMLInputElement | HTMLTextAreaElement {
    return this.#form.elements.namedItem(name) as HTMLInputElement | HTMLTextAreaElement;
  }

  async #submit(): Promise<void> {
    const draft = readDraft({
      topic: this.#field("topic").value,
      event: this.#field("event").value,
      key: this.#field("key").value,
      message: this.#field("message").value,
      data: this.#field("data").value,
      store: (this.#form.elements.namedItem("store") as HTMLInputElement).checked,
    });
    for (const name of problemFields) this.#showProblem(name, draft.ok ? undefined : draft.problems[name]);
    if (!draft.ok) {
      const first = problemFields.find((name) => draft.problems[name] !== undefined);
      if (first !== undefined) this.#field(first).focus();
      return;
    }
    this.#button.setAttribute("aria-busy", "true");
    try {
      this.#showResult(await this.#connection.publish(draft.topic, draft.publication));
    } catch (error) {
      this.#showFailure(failureOf(error));
    } finally {
      this.#button.removeAttribute("aria-busy");
    }
  }

  #showProblem(name: DraftField, problem: string | undefined): void {
    byId(`publish-${name}-problem`, HTMLElement).textContent = problem ?? "";
    this.#field(name).setAttribute("aria-invalid", String(problem !== undefined));
  }

  #showResult({ topic, epoch, offset, local }: PublishResult): void {
    const where =
      epoch === undefined || offset === undefined
        ? element("p", {}, local ? "Reached this node's readers only; not stored." : "Delivered; not stored.")
        : element("p", { class: "mono" }, `epoch ${epoch} · offset ${offset}`);
    this.#showOutcome("good", "check", `Published to ${topic}`, where);
  }

  #showFailure({ code, message, remedy }: Failure): void {
    this.#showOutcome(
      "bad",
      "failed",
      message,
      element("p", {}, remedy),
      element("p", { class: "mono" }, code),
    );
  }

  #showOutcome(tone: "good" | "bad", iconName: string, title: string, ...details: HTMLElement[]): void {
    this.#outcome.replaceChildren(
      element(
        "div",
        { class: `notice ${tone}` },
        icon(iconName),
        element("div", {}, element("p", {}, element("strong", {}, title)), ...details),
      ),
    );
  }
}
