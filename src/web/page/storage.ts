/**
 * Web storage that never throws: a browser may refuse it (private windows, blocked cookies), and then the
 * page merely forgets.
 */
export interface Storage {
  read(name: string): string | null;
  write(name: string, value: string | null): void;
}

function open(area: "localStorage" | "sessionStorage"): Storage {
  const prefix = "fanfare.";
  return {
    read(name) {
      try {
        return window[area].getItem(prefix + name);
      } catch {
        return null;
      }
    },
    write(name, value) {
      try {
        if (value === null) window[area].removeItem(prefix + name);
        else window[area].setItem(prefix + name, value);
      } catch {
        // Forgotten on reload; the page goes on.
      }
    },
  };
}

/** Shared by all tabs, kept when the browser closes. */
export const browserStorage = open("localStorage");

/** This tab's own, kept over a reload. */
export const tabStorage = open("sessionStorage");
