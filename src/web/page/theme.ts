import { byId } from "./dom.ts";
import { browserStorage } from "./storage.ts";

type Theme = "light" | "dark";

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

/** Shows the remembered theme, or the system's; must run before the first paint. */
export function applyTheme(): void {
  const chosen = chosenTheme();
  if (chosen === null) document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", chosen);
}

/** The button that switches between light and dark. Choosing what the system has means following it again. */
export function startThemeButton(): void {
  const button = byId("theme", HTMLButtonElement);
  const show = () => {
    applyTheme();
    button.setAttribute("aria-pressed", String(shownTheme() === "dark"));
  };
  button.addEventListener("click", () => {
    const next: Theme = shownTheme() === "dark" ? "light" : "dark";
    browserStorage.write("theme", next === systemTheme() ? null : next);
    show();
  });
  systemIsDark.addEventListener("change", show);
  show();
}

function chosenTheme(): Theme | null {
  const stored = browserStorage.read("theme");
  return stored === "light" || stored === "dark" ? stored : null;
}

function systemTheme(): Theme {
  return systemIsDark.matches ? "dark" : "light";
}

function shownTheme(): Theme {
  return chosenTheme() ?? systemTheme();
}
