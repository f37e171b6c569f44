import { element, icon } from "../dom.ts";
import { initials, tintOf } from "../people.ts";
import { formatData, linkSegments } from "../text.ts";
import { clockTime, fullTime } from "../time.ts";
import type { Row } from "./rows.ts";
import type { Entry } from "./timeline.ts";

type EntryRow = Extract<Row, { kind: "entry" }>;

export interface EntryActions {
  retry(id: string): void;
  discard(id: string): void;
}

/** Everything that a row shows, as text: a row whose signature is unchanged need not be drawn again. */
export function signatureOf(row: Row): string {
  if (row.kind !== "entry") return row.kind === "day" ? row.label : "";
  const { entry, first, last, repeats } = row;
  return [entry.delivery, entry.ts, entry.sender, first, last, repeats, entry.failure?.message].join("\n");
}

export function drawRow(row: Row, actions: EntryActions): HTMLElement {
  if (row.kind === "day") return element("p", { class: "day" }, element("span", {}, row.label));
  if (row.kind === "unread") return element("p", { class: "unread" }, element("span", {}, "New messages"));
  switch (row.entry.kind) {
    case "message":
      return drawMessage(row, actions);
    case "alert":
      return drawAlert(row.entry);
    default:
      return drawLine(row);
  }
}

function drawMessage({ entry, first, last }: EntryRow, actions: EntryActions): HTMLElement {
  const classes = [
    "message",
    entry.own ? "own" : "",
    first ? "first" : "",
    last ? "last" : "",
    entry.delivery,
  ];
  const sender = entry.sender || "Anonymous";
  const tint = `tint-${tintOf(sender)}`;
  const isNamed = !entry.own && first;
  const bubble = element(
    "div",
    { class: "bubble" },
    element(
      "p",
      { class: isNamed ? `sender ${tint}` : "visually-hidden", dir: "auto" },
      entry.own ? "You" : sender,
    ),
    ...drawContent(entry),
    element("span", { class: "meta" }, drawTime(entry.ts), entry.own ? drawDelivery(entry) : null),
  );
  const avatar = entry.own
    ? null
    : element("span", { class: `avatar ${tint}`, "aria-hidden": "true" }, initials(sender));
  const made = element("div", { class: classes.filter((name) => name !== "").join(" ") }, avatar, bubble);
  if (entry.delivery === "failed") made.append(drawFailure(entry, actions));
  return made;
}

function drawContent({ text, data }: Entry): HTMLElement[] {
  const content: HTMLElement[] = [];
  if (text !== "") content.push(drawText(text));
  if (data !== undefined) content.push(element("pre", { class: "data" }, formatData(data)));
  return content;
}

function drawText(text: string): HTMLElement {
  const paragraph = element("p", { class: "text", dir: "auto" });
  for (const segment of linkSegments(text)) {
    paragraph.append(
      segment.href === undefined
        ? segment.text
        : element(
            "a",
            { href: segment.href, target: "_blank", rel: "noopener noreferrer nofollow" },
            segment.text,
          ),
    );
  }
  return paragraph;
}

function drawTime(ts: number): HTMLElement {
  return element("time", { datetime: new Date(ts).toISOString(), title: fullTime(ts) }, clockTime(ts));
}

const deliveryWords = { pending: "Sending", sent: "Sent", failed: "Not sent" } as const;
const deliveryIcons = { pending: "clock", sent: "check", failed: "failed" } as const;

function drawDelivery({ delivery }: Entry): HTMLElement {
  return element(
    "span",
    { class: "delivery", title: deliveryWords[delivery] },
    icon(deliveryIcons[delivery]),
    element("span", { class: "visually-hidden" }, deliveryWords[delivery]),
  );
}

function drawFailure(entry: Entry, actions: EntryActions): HTMLElement {
  const retry = element("button", { class: "text-button", type: "button" }, "Try again");
  retry.addEventListener("click", () => actions.retry(entry.id));
  const discard = element("button", { class: "text-button", type: "button" }, "Discard");
  discard.addEventListener("click", () => actions.discard(entry.id));
  const { message = "", remedy = "" } = entry.failure ?? {};
  return element(
    "div",
    { class: "failure" },
    element("p", {}, element("strong", {}, "Not sent: "), message),
    element("p", {}, remedy),
    element("div", { class: "failure-buttons" }, retry, discard),
  );
}

const severityClasses: Readonly<Record<string, string>> = {
  critical: "bad",
  error: "bad",
  fatal: "bad",
  high: "bad",
  warning: "warning",
  warn: "warning",
  medium: "warning",
  success: "good",
  ok: "good",
  resolved: "good",
};

function drawAlert(entry: Entry): HTMLElement {
  const severity = entry.severity ?? "info";
  const tone = severityClasses[severity.toLowerCase()] ?? "info";
  return element(
    "div",
    { class: `alert ${tone}` },
    icon(tone === "good" ? "check" : tone === "info" ? "info" : "alert"),
    element(
      "div",
      { class: "alert-body" },
      element("p", { class: "alert-head" }, element("strong", {}, `Alert · ${severity}`), drawTime(entry.ts)),
      ...drawContent(entry),
    ),
  );
}

function drawLine({ entry, repeats }: EntryRow): HTMLElement {
  const iconName = entry.kind === "break" ? "break" : entry.kind === "notification" ? "bell" : "info";
  const count =
    repeats === 1
      ? null
      : element(
          "span",
          { class: "repeats" },
          `×${repeats}`,
          element("span", { class: "visually-hidden" }, " times"),
        );
  return element(
    "div",
    { class: `line ${entry.kind}` },
    element("div", { class: "line-body" }, icon(iconName), ...drawContent(entry), count, drawTime(entry.ts)),
  );
}
