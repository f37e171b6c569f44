import type { ConnectionState } from "../../../client/index.ts";
import { byId } from "../dom.ts";

const placeholders: Readonly<Record<ConnectionState, string>> = {
  idle: "Connect to write a message",
  connecting: "Connecting…",
  connected: "Message",
  reconnecting: "Message (sent when the connection is back)",
  closed: "Connect to write a message",
};

/** The field for writing: Enter sends, Shift+Enter starts a new line. */
export class Composer {
  readonly #form = byId("composer", HTMLFormElement);
  readonly #field = byId("message", HTMLTextAreaElement);
  readonly #button = byId("send", HTMLButtonElement);
  readonly #onSend: (text: string) => void;
  #state: ConnectionState = "idle";

  constructor(onSend: (text: string) => void) {
    this.#onSend = onSend;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener("input", () => this.#changed());
    this.#field.addEventListener("keydown", (event) => {
      // While an input method composes, Enter chooses among its suggestions.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.showState("idle");
  }

  focus(): void {
    this.#field.focus();
  }

  showState(state: ConnectionState): void {
    this.#state = state;
    this.#field.placeholder = placeholders[state];
    this.#changed();
  }

  #send(): void {
    const text = this.#field.value.trim();
    if (text === "" || !this.#canSend()) return;
    this.#field.value = "";
    this.#changed();
    this.#onSend(text);
    this.#field.focus();
  }

  #canSend(): boolean {
    return this.#state === "connected" || this.#state === "reconnecting";
  }

  #changed(): void {
    this.#button.disabled = !this.#canSend() || this.#field.value.trim() === "";
    // Browsers without field-sizing: as high as its lines, as far as the style sheet lets it.
    if (!CSS.supports("field-sizing", "content")) {
      this.#field.style.height = "auto";
      this.#field.style.height = `${this.#field.scrollHeight}px`;
    }
  }
}
