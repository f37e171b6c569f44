export interface ServerSentEvent {
  /** `message` where the stream names none. */
  readonly type: string;
  readonly data: string;
  /** The last `id:` seen so far on the stream, "" before the first. */
  readonly lastEventId: string;
}

/**
 * A parser of `text/event-stream` by the rules of the HTML standard (section 9.2.6), fed with text in pieces cut
 * anywhere. What comes after the last blank line of a stream is not an event and is never delivered.
 */
export class EventStreamParser {
  readonly #onEvent: (event: ServerSentEvent) => void;
  readonly #limitCharacters: number;
  #started = false;
  /** The last piece ended in CR: a LF that opens the next one belongs to the same line end. */
  #skipLineFeed = false;
  #line = "";
  #type = "";
  #data: string[] = [];
  #dataCharacters = 0;
  #lastEventId = "";
  #retryMs: number | null = null;

  constructor(onEvent: (event: ServerSentEvent) => void, limitCharacters: number) {
    this.#onEvent = onEvent;
    this.#limitCharacters = limitCharacters;
  }

  /** The delay that the server last asked for by `retry:`. */
  get retryMs(): number | null {
    return this.#retryMs;
  }

  /** Throws a RangeError when one event is longer than the limit. */
  push(text: string): void {
    let start = 0;
    if (!this.#started && text.length > 0) {
      this.#started = true;
      if (text.charCodeAt(0) === 0xfeff) start = 1;
    }
    if (this.#skipLineFeed && start < text.length) {
      this.#skipLineFeed = false;
      if (text[start] === "\n") start += 1;
    }
    const lineEnd = /\r\n|\r|\n/g;
    lineEnd.lastIndex = start;
    for (let match = lineEnd.exec(text); match !== null; match = lineEnd.exec(text)) {
      const line = this.#line + text.slice(start, match.index);
      this.#line = "";
      start = lineEnd.lastIndex;
      if (match[0] === "\r" && start === text.length) this.#skipLineFeed = true;
      this.#takeLine(line);
    }
    this.#line += text.slice(start);
    if (this.#line.length + this.#dataCharacters > this.#limitCharacters) {
      throw new RangeError(`an event is longer than ${this.#limitCharacters} characters`);
    }
  }

  #takeLine(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    if (colon === -1) {
      this.#takeField(line, "");
      return;
    }
    const valueStart = line[colon + 1] === " " ? colon + 2 : colon + 1;
    this.#takeField(line.slice(0, colon), line.slice(valueStart));
  }

  #takeField(name: string, value: string): void {
    switch (name) {
      case "event":
        this.#type = value;
        break;
      case "data":
        this.#data.push(value);
        this.#dataCharacters += value.length + 1;
        break;
      case "id":
        if (!value.includes("\0")) this.#lastEventId = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value)) this.#retryMs = Number(value);
        break;
    }
  }

  #dispatch(): void {
    const event = {
      type: this.#type === "" ? "message" : this.#type,
      data: this.#data.join("\n"),
      lastEventId: this.#lastEventId,
    };
    const hasData = this.#data.length > 0;
    this.#type = "";
    this.#data = [];
    this.#dataCharacters = 0;
    if (hasData) this.#onEvent(event);
  }
}
