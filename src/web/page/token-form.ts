import { byId } from "./dom.ts";
import { rememberedToken, rememberToken } from "./identity.ts";

/** Where a token, or a server's key, is asked for, on a server that does not let everybody in. */
export class TokenForm {
  readonly #dialog = byId("token-dialog", HTMLDialogElement);
  readonly #input = byId("token", HTMLInputElement);
  readonly #problem = byId("token-problem", HTMLElement);

  /** `onGiven` is called when there is another one to try. */
  constructor(onGiven: () => void) {
    byId("token-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    byId("token-form", HTMLFormElement).addEventListener("submit", () => {
      rememberToken(this.#input.value);
      onGiven();
    });
  }

  /** Asks, and says why the one before did not do; empty: there was none. */
  ask(problem: string): void {
    this.#problem.textContent = problem;
    this.#input.value = rememberedToken() ?? "";
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#input.select();
  }
}
