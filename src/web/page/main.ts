import { refusalAtTheDoor } from "./access.ts";
import { ChatView } from "./chat/chat-view.ts";
import { startConnectionBar } from "./connection-bar.ts";
import { byId } from "./dom.ts";
import { currentIdentity, takeTokenOfAddress } from "./identity.ts";
import { NameForm } from "./name-form.ts";
import { ServerConnection } from "./server-connection.ts";
import { tabStorage } from "./storage.ts";
import { applyTheme, startThemeButton } from "./theme.ts";
import { TokenForm } from "./token-form.ts";
import { TopicsView } from "./topics/topics-view.ts";
import { Views } from "./views.ts";

applyTheme();
startThemeButton();
takeTokenOfAddress();

const connection = new ServerConnection();

const name = new NameForm(() => {
  const { state } = connection;
  if (state !== "idle" && state !== "closed") connection.connect(currentIdentity());
});

const token = new TokenForm(() => {
  topics.tokenGiven();
  void connect();
});

/** Connects, where the server lets this page in; else asks for what it wants to see. */
async function connect(): Promise<void> {
  tabStorage.write("connected", "yes");
  const refusal = await refusalAtTheDoor();
  if (refusal === null) connection.connect(currentIdentity());
  else token.ask(refusal);
}

// A tab that was connected when it was reloaded connects again; a new one waits to be told.
startConnectionBar(connection, {
  connect() {
    name.accept();
    void connect();
  },
  disconnect() {
    tabStorage.write("connected", null);
    connection.disconnect();
  },
});

const chat = new ChatView(connection);
const topics = new TopicsView(connection, (message) => token.ask(message));

const views = new Views((view) => {
  topics.isShown = view === "topics";
  if (view === "chat") chat.shown();
});
views.start();

connection.observe({
  failed({ code, message }) {
    if (code === "unauthorized") token.ask(message);
  },
  state(state) {
    byId("view-chat", HTMLElement).dataset.state = state;
    const hasNoFocus = document.activeElement === null || document.activeElement === document.body;
    const isAtTheStart = hasNoFocus || document.activeElement === byId("name", HTMLElement);
    // On a touch screen the keyboard would come up unasked.
    const hasKeyboard = window.matchMedia("(pointer: fine)").matches;
    if (state === "connected" && views.current === "chat" && isAtTheStart && hasKeyboard)
      chat.focusComposer();
  },
});

if (tabStorage.read("connected") === "yes") void connect();
