import type { ConnectionState } from "../../client/index.ts";
import { byId } from "./dom.ts";
import { initials, tintOf } from "./people.ts";
import type { ServerConnection } from "./server-connection.ts";

const stateWords: Readonly<Record<ConnectionState, string>> = {
  idle: "Disconnected",
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  closed: "Disconnected",
};

const audienceIntervalMs = 10_000;

/** The status, how many are connected to the chat, and the two buttons. Connect submits the form with the name. */
export function startConnectionBar(
  connection: ServerConnection,
  actions: { readonly connect: () => void; readonly disconnect: () => void },
): void {
  const status = byId("status", HTMLElement);
  const connect = byId("connect", HTMLButtonElement);
  const disconnect = byId("disconnect", HTMLButtonElement);
  byId("join", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    if (!connect.disabled) actions.connect();
  });
  disconnect.addEventListener("click", () => {
    actions.disconnect();
    connect.focus();
  });
  connection.observe({
    state(state) {
      const isEnded = state === "idle" || state === "closed";
      status.textContent = stateWords[state];
      status.dataset.state = state;
      connect.disabled = !isEnded;
      disconnect.disabled = isEnded;
    },
  });
  startAudience(connection);
}

function startAudience(connection: ServerConnection): void {
  const audience = byId("audience", HTMLElement);
  const show = async () => {
    if (connection.state !== "connected" || document.hidden) return;
    const presence = await connection.presence("chat").catch(() => null);
    if (presence === null || connection.state !== "connected") return;
    audience.textContent = `${presence.connections.toLocaleString("en")} in chat`;
    audience.hidden = false;
  };
  connection.observe({
    state(state) {
      if (state !== "connected") audience.hidden = true;
    },
  });
  // The server counts this connection once it has answered its subscription.
  connection.read("chat", { publication: () => {}, subscribed: () => void show() });
  window.setInterval(() => void show(), audienceIntervalMs);
}

/** Shows a name's initials on its colour. */
export function paintAvatar(avatar: HTMLElement, name: string): void {
  avatar.className = avatar.className.replace(/\btint-\d+\b/, "").trim();
  if (name !== "") avatar.classList.add(`tint-${tintOf(name)}`);
  avatar.textContent = name === "" ? "?" : initials(name);
}
