import type { Server, ServerWebSocket } from "bun";

type Fields = Record<string, unknown>;

interface Topic {
  epoch: string;
  offset: number;
  publications: (Fields & { offset: number })[];
  readonly acks: Map<string, number>;
}

interface Position {
  readonly epoch: string;
  readonly offset: number;
}

interface SocketData {
  peer: Peer | null;
  readonly query: URLSearchParams;
  readonly token: string | null;
}

/** What a script says of a frame: true when it has dealt with it, and the stand-in is to do nothing. */
export type Script = (frame: Fields, peer: Peer) => boolean;

/** One connection, WebSocket or event stream. */
export interface Peer {
  readonly kind: "websocket" | "sse";
  readonly query: URLSearchParams;
  /** What came as a subprotocol or in `Authorization`. */
  readonly token: string | null;
  /** Every frame that the client has sent. */
  readonly received: Fields[];
  readonly topics: Set<string>;
  open: boolean;
  send(frame: Fields): void;
  /** With a code: a close frame; without: the connection breaks. */
  close(code?: number, reason?: string): void;
}

/**
 * A server of the test's own that speaks the wire format just well enough, and misbehaves where a script tells it to.
 */
export class StandInServer {
  readonly peers: Peer[] = [];
  readonly httpRequests: { method: string; path: string; body: Fields | null }[] = [];
  /** Called before the stand-in acts on a frame. */
  script: Script = () => false;
  /** False: upgrades are refused, as by a proxy that knows no WebSockets. */
  acceptsWebSockets = true;
  /** Answers an HTTP request in place of the stand-in. */
  httpScript: (request: Request, url: URL) => Response | null | Promise<Response | null> = () => null;
  /** Called when a connection opens, before its welcome; true: no welcome is sent. */
  onOpen: (peer: Peer) => boolean = () => false;
  upgradesRefused = 0;
  readonly #topics = new Map<string, Topic>();
  readonly #server: Server<SocketData>;

  constructor() {
    this.#server = Bun.serve<SocketData>({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request, server) => {
        const url = new URL(request.url);
        if (url.pathname === "/ws") {
          const offered = request.headers.get("sec-websocket-protocol") ?? "";
          const token = /fanfare\.token\.([^, ]+)/.exec(offered)?.[1] ?? null;
          const data = { peer: null, query: url.searchParams, token };
          const headers = { "sec-websocket-protocol": "fanfare.v1" };
          if (this.acceptsWebSockets && server.upgrade(request, { data, headers })) return undefined;
          this.upgradesRefused += 1;
          return new Response(null, { status: 403 });
        }
        return this.#http(request, url);
      },
      websocket: {
        maxPayloadLength: 256 * 1024,
        open: (socket) => this.#opened(socket),
        message: (socket, text) => this.#received(socket, String(text)),
        close: ({ data }) => {
          if (data.peer !== null) data.peer.open = false;
        },
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** The connections that are open. */
  get open(): Peer[] {
    return this.peers.filter((peer) => peer.open);
  }

  stop(): Promise<void> {
    for (const peer of this.open) peer.close();
    return this.#server.stop(true);
  }

  topic(name: string): Topic {
    const topic = this.#topics.get(name) ?? { epoch: "e1", offset: 0, publications: [], acks: new Map() };
    this.#topics.set(name, topic);
    return topic;
  }

  /** Publishes and delivers; returns the offset. */
  publish(name: string, fields: Fields = {}): number {
    const topic = this.topic(name);
    topic.offset += 1;
    const publication = { type: "message", topic: name, offset: topic.offset, ts: 1_000, ...fields };
    topic.publications.push(publication);
    this.deliver(name, publication);
    return topic.offset;
  }

  /** Sends to those who are subscribed, without keeping it. */
  deliver(name: string, frame: Fields): void {
    for (const peer of this.open) if (peer.topics.has(name)) peer.send(frame);
  }

  /** Forgets the topic's history. */
  startEpoch(name: string, epoch: string, offset = 0): void {
    Object.assign(this.topic(name), { epoch, offset, publications: [] });
  }

  #opened(socket: ServerWebSocket<SocketData>): void {
    const peer: Peer = {
      kind: "websocket",
      query: socket.data.query,
      token: socket.data.token,
      received: [],
      topics: new Set(),
      open: true,
      send: (frame) => void socket.send(JSON.stringify(frame)),
      close: (code, reason) => (code === undefined ? socket.terminate() : socket.close(code, reason)),
    };
    socket.data.peer = peer;
    this.peers.push(peer);
    if (this.onOpen(peer)) return;
    const userId = peer.query.get("user_id");
    const topics = userId === null ? [] : [`user:${userId}`];
    for (const topic of topics) peer.topics.add(topic);
    peer.send({
      type: "welcome",
      connection_id: `c${this.peers.length}`,
      user_id: userId,
      role: "chat",
      node: "n1",
      topics: topics.map((topic) => ({ topic, ...this.#top(topic) })),
      message: "hello",
      ping_interval: 30,
    });
  }

  #received(socket: ServerWebSocket<SocketData>, text: string): void {
    const { peer } = socket.data;
    if (peer === null) return;
    const frame = JSON.parse(text) as Fields;
    peer.received.push(frame);
    if (!this.script(frame, peer)) this.act(frame, peer);
  }

  /** What the stand-in does with a frame when no script does otherwise. */
  act(frame: Fields, peer: Peer): void {
    const { id } = frame;
    const name = String(frame.topic);
    switch (frame.type) {
      case "subscribe":
        for (const topic of (frame.topics as string[] | undefined) ?? [name]) {
          const { answer, replay } = this.#join(peer, topic, frame.since as Position | undefined);
          peer.send({ type: "subscribed", id, ...answer });
          for (const publication of replay) peer.send(publication);
        }
        break;
      case "unsubscribe":
        peer.topics.delete(name);
        break;
      case "publish":
        peer.send({ type: "ack", id, ...this.#accept(frame) });
        break;
      case "history":
        peer.send({
          type: "history",
          id,
          topic: name,
          ...this.#top(name),
          publications: this.topic(name).publications,
        });
        break;
      case "presence":
        peer.send({ type: "presence", id, ...this.#presence(name) });
        break;
      case "status_request":
        peer.send({ type: "status", id, version: "stand-in" });
        break;
      case "ping":
        peer.send({ type: "pong", id, ts: 1 });
        break;
    }
  }

  #top(name: string): Position {
    const { epoch, offset } = this.topic(name);
    return { epoch, offset };
  }

  #join(peer: Peer, name: string, since: Position | undefined): { answer: Fields; replay: Fields[] } {
    peer.topics.add(name);
    const { epoch, offset, publications } = this.topic(name);
    const answer: Fields = { topic: name, epoch, offset };
    if (since === undefined) return { answer, replay: [] };
    const missed = publications.filter((publication) => publication.offset > since.offset);
    const recovered = since.epoch === epoch && missed.length === offset - since.offset;
    return { answer: { ...answer, recovered }, replay: recovered ? missed : [] };
  }

  #accept(frame: Fields): Fields {
    const name = String(frame.topic);
    const { message, data, event, key, store, sender } = frame;
    const fields = { ...(event === undefined ? {} : { type: event }), message, data, sender };
    if (store === false) {
      this.deliver(name, { type: "message", topic: name, ts: 1_000, ...fields });
      return { topic: name };
    }
    const { acks, epoch } = this.topic(name);
    const offset = acks.get(String(key)) ?? this.publish(name, { ...fields, key });
    acks.set(String(key), offset);
    return { topic: name, epoch, offset };
  }

  #presence(name: string): Fields {
    const readers = this.open.filter((peer) => peer.topics.has(name));
    return { topic: name, members: [], connections: readers.length };
  }

  async #http(request: Request, url: URL): Promise<Response> {
    const body = request.method === "POST" ? ((await request.json()) as Fields) : null;
    this.httpRequests.push({ method: request.method, path: url.pathname + url.search, body });
    const scripted = await this.httpScript(request, url);
    if (scripted !== null) return scripted;
    if (url.pathname === "/events" && request.method === "HEAD") return new Response(null);
    if (url.pathname === "/events") return this.#stream(request, url.searchParams);
    if (url.pathname === "/publish" && body !== null) return Response.json(this.#accept(body));
    const [, , topic = "", what] = url.pathname.split("/").map(decodeURIComponent);
    if (what === "history") {
      return Response.json({ topic, ...this.#top(topic), publications: this.topic(topic).publications });
    }
    if (what === "presence") return Response.json(this.#presence(topic));
    if (url.pathname === "/status") return Response.json({ version: "stand-in" });
    if (url.pathname === "/health") return Response.json({ status: "healthy" });
    return Response.json({ error: { code: "not_found", message: "no such route" } }, { status: 404 });
  }

  #stream(request: Request, query: URLSearchParams): Response {
    const encoder = new TextEncoder();
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const write = (text: string) => {
      if (peer.open) controller.enqueue(encoder.encode(text));
    };
    const peer: Peer = {
      kind: "sse",
      query,
      token: request.headers.get("authorization")?.replace("Bearer ", "") ?? null,
      received: [],
      topics: new Set(),
      open: true,
      send: (frame) => write(`event: ${frame.type}\nid: x\ndata: ${JSON.stringify(frame)}\n\n`),
      close: () => {
        if (peer.open) controller.close();
        peer.open = false;
      },
    };
    this.peers.push(peer);
    request.signal.addEventListener("abort", () => {
      peer.open = false;
    });
    const since = new Map<string, Position>();
    for (const entry of (query.get("since") ?? "").split(",").filter((text) => text !== "")) {
      const [, topic = "", epoch = "", offset = ""] = /^(.*):([^:]*):([^:]*)$/.exec(entry) ?? [];
      since.set(topic, { epoch, offset: Number(offset) });
    }
    const body = new ReadableStream<Uint8Array>({
      start: (started) => {
        controller = started;
        write("retry: 5\n\n");
        if (this.onOpen(peer)) return;
        const joined = query.getAll("topic").map((topic) => this.#join(peer, topic, since.get(topic)));
        write(`event: subscribed\nid: x\ndata: ${JSON.stringify(joined.map(({ answer }) => answer))}\n\n`);
        for (const { replay } of joined) for (const publication of replay) peer.send(publication);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }
}
