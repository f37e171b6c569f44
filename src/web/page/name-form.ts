import { paintAvatar } from "./connection-bar.ts";
import { byId } from "./dom.ts";
import { rememberedName, rememberName } from "./identity.ts";

/**
 * Where the name is asked for, once, and changed later: the welcome card, and the dialog behind the button with
 * one's own name. `onRename` is called when the dialog gave another name.
 */
export class NameForm {
  readonly #first = byId("name", HTMLInputElement);
  readonly #me = byId("me", HTMLButtonElement);

  constructor(onRename: () => void) {
    const dialog = byId("name-dialog", HTMLDialogElement);
    const input = byId("new-name", HTMLInputElement);
    this.#first.value = rememberedName();
    this.#show();
    this.#me.addEventListener("click", () => {
      input.value = rememberedName();
      dialog.showModal();
      input.select();
    });
    byId("name-cancel", HTMLButtonElement).addEventListener("click", () => dialog.close());
    byId("name-form", HTMLFormElement).addEventListener("submit", () => {
      const before = rememberedName();
      const name = rememberName(input.value);
      this.#first.value = name;
      this.#show();
      if (name !== before) onRename();
    });
  }

  /** Keeps what the welcome card says. */
  accept(): void {
    this.#first.value = rememberName(this.#first.value);
    this.#show();
  }

  #show(): void {
    const name = rememberedName();
    const avatar = this.#me.querySelector<HTMLElement>(".avatar");
    const label = this.#me.querySelector(".me-name");
    if (avatar !== null) paintAvatar(avatar, name);
    if (label !== null) label.textContent = name || "Guest";
    this.#me.setAttribute("aria-label", `${name || "Guest"}: change name`);
  }
}
