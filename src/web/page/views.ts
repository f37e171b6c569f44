import { byId } from "./dom.ts";

export type ViewName = "chat" | "topics";

const viewNames: readonly ViewName[] = ["chat", "topics"];

/** The two tabs. The address' fragment names the view, so that a view can be linked to and Back works. */
export class Views {
  readonly #tabs = new Map<ViewName, HTMLButtonElement>();
  readonly #panels = new Map<ViewName, HTMLElement>();
  readonly #onShow: (view: ViewName) => void;
  #current: ViewName | null = null;

  constructor(onShow: (view: ViewName) => void) {
    this.#onShow = onShow;
    for (const name of viewNames) {
      const tab = byId(`tab-${name}`, HTMLButtonElement);
      tab.addEventListener("click", () => this.#go(name));
      tab.addEventListener("keydown", (event) => this.#moveByKey(event, name));
      this.#tabs.set(name, tab);
      this.#panels.set(name, byId(`view-${name}`, HTMLElement));
    }
    window.addEventListener("hashchange", () => this.#show(viewOfAddress()));
  }

  /** Null until `start`. */
  get current(): ViewName | null {
    return this.#current;
  }

  start(): void {
    this.#show(viewOfAddress());
  }

  #go(name: ViewName): void {
    if (viewOfAddress() !== name) window.location.hash = name;
    this.#show(name);
  }

  #show(name: ViewName): void {
    if (name === this.#current) return;
    this.#current = name;
    for (const candidate of viewNames) {
      const selected = candidate === name;
      const tab = this.#tabs.get(candidate);
      tab?.setAttribute("aria-selected", String(selected));
      if (tab !== undefined) tab.tabIndex = selected ? 0 : -1;
      this.#panels.get(candidate)?.toggleAttribute("hidden", !selected);
    }
    this.#onShow(name);
  }

  #moveByKey(event: KeyboardEvent, from: ViewName): void {
    const index = viewNames.indexOf(from);
    const targets: Readonly<Record<string, number>> = {
      ArrowRight: (index + 1) % viewNames.length,
      ArrowLeft: (index + viewNames.length - 1) % viewNames.length,
      Home: 0,
      End: viewNames.length - 1,
    };
    const name = viewNames[targets[event.key] ?? -1];
    if (name === undefined) return;
    event.preventDefault();
    this.#go(name);
    this.#tabs.get(name)?.focus();
  }
}

function viewOfAddress(): ViewName {
  const fragment = window.location.hash.slice(1);
  return viewNames.find((name) => name === fragment) ?? "chat";
}
