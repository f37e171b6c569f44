import { byId, reconcile } from "../dom.ts";
import { drawRow, type EntryActions, signatureOf } from "./entry-view.ts";
import { layOut } from "./rows.ts";
import type { Timeline } from "./timeline.ts";
import type { Unread } from "./unread.ts";

/** How near to the end counts as being there. */
const nearEndPx = 60;

interface Drawn {
  readonly signature: string;
  readonly element: HTMLElement;
}

/** Draws a timeline, at most once a frame, and keeps the newest in sight for a reader who is at the end. */
export class TimelineView {
  readonly #timeline: Timeline;
  readonly #unread: Unread;
  readonly #actions: EntryActions;
  readonly #log = byId("timeline", HTMLElement);
  readonly #scroller = byId("scroller", HTMLElement);
  readonly #jump = byId("jump", HTMLButtonElement);
  readonly #jumpCount = byId("jump-count", HTMLElement);
  readonly #join = byId("join", HTMLElement);
  #drawn = new Map<string, Drawn>();
  #isScheduled = false;
  #followsEnd = true;

  constructor(timeline: Timeline, unread: Unread, actions: EntryActions) {
    this.#timeline = timeline;
    this.#unread = unread;
    this.#actions = actions;
    // Without focus of its own, the keyboard could not scroll it.
    this.#scroller.tabIndex = 0;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener("click", () => this.scrollToEnd());
    document.addEventListener("visibilitychange", () => this.#scrolled());
    new ResizeObserver(() => this.#settle()).observe(this.#scroller);
  }

  /** Whether the reader sees what comes. */
  get isWatched(): boolean {
    return this.#followsEnd && !document.hidden && this.#scroller.clientHeight > 0;
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#draw();
    });
  }

  scrollToEnd(): void {
    this.#followsEnd = true;
    this.#settle();
    this.#scrolled();
  }

  /** The view is shown: what was drawn unseen is brought into place. */
  shown(): void {
    this.#settle();
    this.#scrolled();
  }

  #draw(): void {
    const rows = layOut(this.#timeline.entries, this.#unread.firstId, Date.now());
    const drawn = new Map<string, Drawn>();
    for (const row of rows) {
      const signature = signatureOf(row);
      const former = this.#drawn.get(row.id);
      drawn.set(
        row.id,
        former?.signature === signature ? former : { signature, element: drawRow(row, this.#actions) },
      );
    }
    this.#drawn = drawn;
    reconcile(
      this.#log,
      [...drawn.values()].map(({ element }) => element),
    );
    this.#join.classList.toggle("unneeded", rows.length > 0);
    this.#settle();
    this.#showJump();
  }

  #settle(): void {
    if (this.#followsEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    // Hidden, it has no size and says nothing about where the reader is.
    if (clientHeight === 0) return;
    this.#followsEnd = scrollHeight - scrollTop - clientHeight <= nearEndPx;
    if (this.isWatched) this.#unread.clear();
    this.#showJump();
  }

  #showJump(): void {
    const { count } = this.#unread;
    this.#jump.hidden = this.#followsEnd;
    this.#jumpCount.hidden = count === 0;
    this.#jumpCount.textContent = count > 99 ? "99+" : String(count);
    this.#jump.setAttribute("aria-label", count === 0 ? "Jump to newest" : `Jump to newest, ${count} unread`);
  }
}
