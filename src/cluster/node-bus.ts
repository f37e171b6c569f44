import { Failure } from "../core/failure.ts";
import type { Scheduler } from "../core/ports.ts";
import { decodeEnvelope, type Envelope, encodeEnvelope } from "./envelope.ts";
import type { NoticeKind, QuestionKind } from "./message-kinds.ts";
import type { BusConnection, BusNames, BusSubscriptions, NodeDirectory } from "./ports.ts";
import { type Answers, Survey } from "./survey.ts";

export interface NodeBusOptions {
  readonly nodeId: string;
  /** Characters of a message; a longer one is neither sent nor read. */
  readonly messageCharactersMax: number;
}

export interface NodeBusPorts {
  readonly names: BusNames;
  readonly connection: BusConnection;
  readonly subscriptions: BusSubscriptions;
  readonly directory: NodeDirectory;
  readonly scheduler: Scheduler;
}

/** Questions that may wait for answers at one time. */
const openMax = 10_000;

const unreachable = new Failure(
  "unavailable",
  "The other nodes cannot be reached now, as Redis is out of reach: try again later.",
);
const tooMany = new Failure(
  "rate_limited",
  `Too many questions (${openMax}) to other nodes wait for answers: try again later.`,
);
const tooLarge = new Failure("too_large", "It is too large to be sent to another node.");

interface NoticeHandler {
  readonly kind: NoticeKind<unknown>;
  readonly run: (payload: unknown, from: string) => void;
  readonly ownArrived: (payload: unknown) => void;
}

interface QuestionHandler {
  readonly kind: QuestionKind<unknown, unknown>;
  readonly answer: (question: unknown, from: string) => unknown;
  readonly ownArrived: (question: unknown) => void;
}

interface OpenSurvey {
  readonly kind: QuestionKind<unknown, unknown>;
  readonly survey: Survey<unknown>;
  readonly onAnswer: (answer: unknown, from: string) => void;
  readonly fail: (failure: Failure) => void;
}

/**
 * What nodes say to each other: notices, to one or to all, and questions to all. Nothing is kept for a node that is
 * not there to hear it, and nothing waits longer than a second.
 */
export class NodeBus {
  readonly nodeId: string;
  readonly #options: NodeBusOptions;
  readonly #ports: NodeBusPorts;
  readonly #notices = new Map<string, NoticeHandler>();
  readonly #questions = new Map<string, QuestionHandler>();
  readonly #surveys = new Map<number, OpenSurvey>();
  readonly #onListening: (() => void)[] = [];
  #asked = 0;
  /** Once what is meant for this node can arrive. */
  #isListening = false;

  constructor(options: NodeBusOptions, ports: NodeBusPorts) {
    this.nodeId = options.nodeId;
    this.#options = options;
    this.#ports = ports;
    const { names, subscriptions } = ports;
    subscriptions.onGap((channels) => {
      if ([...channels].includes(names.allNodes)) this.#listens();
    });
    const receive = (text: string) => this.#receive(text);
    const channels = [names.inbox(options.nodeId), names.allNodes];
    void Promise.all(channels.map((channel) => subscriptions.subscribe(channel, receive))).then(() => {
      this.#isListening = true;
      this.#listens();
    });
  }

  /** Whether other nodes can be asked. */
  get isUp(): boolean {
    return this.#isListening && this.#ports.connection.isUp && this.#ports.subscriptions.isUp;
  }

  /**
   * What to do with a notice of another node. All nodes get what goes to all in one order; `ownArrived` is told where
   * in it a notice of this node's own stands.
   */
  onNotice<Payload>(
    kind: NoticeKind<Payload>,
    run: (payload: Payload, from: string) => void,
    ownArrived: (payload: Payload) => void = () => {},
  ): void {
    this.#notices.set(kind.name, { kind, run, ownArrived } as NoticeHandler);
  }

  /** How this node answers; `ownArrived` as above. */
  onQuestion<Question, Answer>(
    kind: QuestionKind<Question, Answer>,
    answer: (question: Question, from: string) => Answer,
    ownArrived: (question: Question) => void = () => {},
  ): void {
    this.#questions.set(kind.name, { kind, answer, ownArrived } as QuestionHandler);
  }

  /** Calls back when this node begins to hear the others, and whenever it does again. */
  onListening(run: () => void): void {
    this.#onListening.push(run);
  }

  /** To one node. A Failure: it may not have got it. */
  async send<Payload>(nodeId: string, kind: NoticeKind<Payload>, payload: Payload): Promise<Failure | null> {
    const sent = await this.#publish(this.#ports.names.inbox(nodeId), this.#notice(kind, payload));
    return sent instanceof Failure ? sent : null;
  }

  /** To all other nodes. A Failure: some may not have got it. */
  async broadcast<Payload>(kind: NoticeKind<Payload>, payload: Payload): Promise<Failure | null> {
    const sent = await this.#publish(this.#ports.names.allNodes, this.#notice(kind, payload));
    return sent instanceof Failure ? sent : null;
  }

  /**
   * Asks all other nodes; resolves when all have answered, or after a second, without those who have not.
   * `onAnswer` is called for each answer as it comes. A Failure: they may or may not have been asked.
   */
  ask<Question, Answer>(
    kind: QuestionKind<Question, Answer>,
    question: Question,
    onAnswer: (answer: Answer, from: string) => void = () => {},
  ): Promise<Answers<Answer> | Failure> {
    if (!this.isUp) return Promise.resolve(unreachable);
    if (this.#surveys.size >= openMax) return Promise.resolve(tooMany);
    const number = ++this.#asked;
    return new Promise((resolve) => {
      const finish = (outcome: Answers<Answer> | Failure) => {
        this.#surveys.delete(number);
        resolve(outcome);
      };
      const { directory, names, scheduler } = this.#ports;
      const liveNodes = () => directory.live().map(({ id }) => id);
      const survey = new Survey<Answer>(scheduler, liveNodes, finish);
      const fail = (failure: Failure) => {
        survey.cancel();
        finish(failure);
      };
      this.#surveys.set(number, { kind, survey, onAnswer, fail } as unknown as OpenSurvey);
      const envelope = { t: "question", f: this.nodeId, k: kind.name, i: number, p: question } as const;
      void this.#publish(names.allNodes, envelope).then((sent) => {
        if (sent instanceof Failure) fail(sent);
        else survey.sentTo(sent);
      });
    });
  }

  /** Whoever waits for answers is told that there will be none. */
  close(): void {
    for (const { fail } of [...this.#surveys.values()]) fail(unreachable);
  }

  #listens(): void {
    for (const run of this.#onListening) run();
  }

  #notice<Payload>(kind: NoticeKind<Payload>, payload: Payload): Envelope {
    return { t: "notice", f: this.nodeId, k: kind.name, p: payload };
  }

  async #publish(channel: string, envelope: Envelope): Promise<number | Failure> {
    const text = encodeEnvelope(envelope);
    if (text.length > this.#options.messageCharactersMax) return tooLarge;
    try {
      return await this.#ports.connection.publish(channel, text);
    } catch {
      return unreachable;
    }
  }

  #receive(text: string): void {
    const envelope = decodeEnvelope(text, this.#options.messageCharactersMax);
    if (envelope === null) return;
    switch (envelope.t) {
      case "notice":
        this.#takeNotice(envelope);
        break;
      case "question":
        this.#takeQuestion(envelope);
        break;
      case "answer":
      case "none":
        this.#takeAnswer(envelope);
        break;
    }
  }

  #takeNotice({ f: from, k: name, p: payload }: Envelope): void {
    const handler = this.#notices.get(name);
    if (handler?.kind.isPayload(payload) !== true) return;
    if (from === this.nodeId) handler.ownArrived(payload);
    else handler.run(payload, from);
  }

  #takeQuestion({ f: from, k: name, i: number, p: question }: Envelope): void {
    if (number === undefined) return;
    const handler = this.#questions.get(name);
    const isReadable = handler?.kind.isQuestion(question) === true;
    if (from === this.nodeId) {
      if (isReadable) handler.ownArrived(question);
      this.#surveys.get(number)?.survey.heard(from);
      return;
    }
    const head = { f: this.nodeId, k: name, i: number };
    // Of another version, perhaps: that there is no answer is said, so that nobody waits for it.
    const answer: Envelope = isReadable
      ? { t: "answer", ...head, p: handler.answer(question, from) }
      : { t: "none", ...head };
    void this.#publish(this.#ports.names.inbox(from), answer);
  }

  #takeAnswer({ t, f: from, k: name, i: number, p: answer }: Envelope): void {
    const open = number === undefined ? undefined : this.#surveys.get(number);
    if (open === undefined || open.kind.name !== name) return;
    if (t === "answer" && open.kind.isAnswer(answer)) {
      open.onAnswer(answer, from);
      open.survey.answered(from, answer);
    } else {
      open.survey.heard(from);
    }
  }
}
