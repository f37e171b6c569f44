import { errorCodes, errorTable } from "../core/errors.ts";
import { type CommandType, commandSchemas } from "./schemas.ts";
import { PublicationFrame, type ServerFrameType, serverFrameSchemas } from "./server-frames.ts";
import { payloadName, type TopicPayload } from "./topic-payload.ts";

/** What the document says of this server beside its frames. */
export interface AsyncApiFacts {
  readonly version: string;
  /** Path of the WebSocket endpoint. */
  readonly websocketPath: string;
  readonly eventsPath: string;
  /** Where a reader of the document finds a server, as `localhost:8000`. */
  readonly host: string;
  readonly payloads: readonly TopicPayload[];
}

/** What a client asks, and the frame that answers. */
const commandTexts: Record<CommandType, { summary: string; answer: ServerFrameType | null }> = {
  subscribe: { summary: "Reads one topic or many, from now on or since a position.", answer: "subscribed" },
  unsubscribe: { summary: "Stops reading a topic.", answer: "unsubscribed" },
  publish: { summary: "Publishes to a topic.", answer: "ack" },
  history: {
    summary: "Asks for a topic's last publications, or the first ones since a position.",
    answer: "history",
  },
  presence: { summary: "Asks who reads a topic.", answer: "presence" },
  response: { summary: "Answers a `request` of the server.", answer: null },
  authenticate: { summary: "Presents a token.", answer: "authenticated" },
  refresh: { summary: "Presents a newer token.", answer: "refreshed" },
  ping: { summary: "Asks for a sign of life.", answer: "pong" },
  status_request: { summary: "Asks for what `GET /status` answers.", answer: "status" },
  notification: { summary: "Text that follows the chat rules, as plain text does.", answer: "ack" },
};

const frameTexts: Record<ServerFrameType, string> = {
  welcome: "The first frame of a connection.",
  subscribed: "A topic is read from `offset` on. Without `id`: the stream has a break here.",
  unsubscribed: "A topic is read no more. With `code`: the server took it away.",
  ack: "A publication was accepted, at this position.",
  history: "A page of a topic's history.",
  presence: "Who reads a topic.",
  request: "A question that the client answers with `response` frames.",
  authenticated: "The token was accepted.",
  refreshed: "The newer token was accepted.",
  pong: "A sign of life.",
  status: "How the server is.",
  error: `Something was refused. ${errorCodes.map((code) => `\`${code}\`: ${errorTable[code].meaning}`).join(" ")}`,
  join: "A user's first connection came to the topic.",
  leave: "A user's last connection left the topic.",
  shutdown_notice: "The server shuts down: connect again, elsewhere if possible, until the deadline.",
};

/** Frames that come without being asked for. */
const unaskedFrames: readonly ServerFrameType[] = [
  "welcome",
  "subscribed",
  "unsubscribed",
  "error",
  "join",
  "leave",
  "request",
  "shutdown_notice",
];

/** What an event stream carries beside publications. */
const eventFrames: readonly ServerFrameType[] = [
  "subscribed",
  "unsubscribed",
  "error",
  "join",
  "leave",
  "shutdown_notice",
];

/** The AsyncAPI 3.0 description of what is spoken over WebSocket and Server-Sent Events. */
export function asyncApiDocument(facts: AsyncApiFacts): object {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Fanfare",
      version: facts.version,
      description:
        "Publish and subscribe over WebSocket and Server-Sent Events. A frame is a publication if and only if it " +
        "has both `topic` and `ts`; every other frame is one of the protocol's own, told apart by `type`.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      websocket: { host: facts.host, protocol: "ws", description: "Text frames of JSON." },
      events: { host: facts.host, protocol: "http", description: "Server-Sent Events." },
    },
    channels: channels(facts),
    operations: operations(facts),
    components: { messages: { ...messages(), ...payloadMessages(facts) } },
  };
}

function channels(facts: AsyncApiFacts): object {
  const clientFrames = commandTypes().map(commandMessage);
  const serverFrames = frameTypes().map(frameMessage);
  return {
    websocket: {
      address: facts.websocketPath,
      title: "A WebSocket connection",
      servers: [{ $ref: "#/servers/websocket" }],
      messages: references([...clientFrames, "text", ...publications(facts), ...serverFrames]),
      bindings: {
        ws: {
          method: "GET",
          query: {
            type: "object",
            properties: {
              topics: {
                type: "string",
                description:
                  "Topics to read from the start, separated by commas; absent: chat, notifications and alerts.",
              },
              since: {
                type: "string",
                description: "A cursor to resume from, of an SSE id or as topic:epoch:offset,…",
              },
              user_id: { type: "string", description: "The application's id of the user." },
              client: { type: "string", enum: ["admin", "user"] },
              name: { type: "string", description: "A name to show where there is no user id." },
            },
          },
          bindingVersion: "0.1.0",
        },
      },
    },
    events: {
      address: facts.eventsPath,
      title: "A stream of Server-Sent Events",
      description:
        "`event:` is the publication's type, `data:` the publication, `id:` an opaque cursor to resume from. " +
        "The topics are given as `?topic=a&topic=b`.",
      servers: [{ $ref: "#/servers/events" }],
      messages: references([...publications(facts), ...eventFrames.map(frameMessage)]),
    },
  };
}

function operations(facts: AsyncApiFacts): object {
  const commands = commandTypes().map((type) => [`on_${type}`, commandOperation(type)]);
  return {
    ...Object.fromEntries(commands),
    on_text: {
      action: "receive",
      channel: { $ref: "#/channels/websocket" },
      summary: "Plain text follows the chat rules.",
      messages: [channelMessage("websocket", "text")],
    },
    publish_to_websocket: {
      action: "send",
      channel: { $ref: "#/channels/websocket" },
      summary: "Delivers the publications of the topics that the connection reads.",
      messages: publications(facts).map((message) => channelMessage("websocket", message)),
    },
    tell_websocket: {
      action: "send",
      channel: { $ref: "#/channels/websocket" },
      summary: "Tells what the client did not ask for.",
      messages: unaskedFrames.map((type) => channelMessage("websocket", frameMessage(type))),
    },
    publish_to_events: {
      action: "send",
      channel: { $ref: "#/channels/events" },
      summary: "Delivers the publications of the topics that the stream reads.",
      messages: [...publications(facts), ...eventFrames.map(frameMessage)].map((message) =>
        channelMessage("events", message),
      ),
    },
  };
}

function commandOperation(type: CommandType): object {
  const { summary, answer } = commandTexts[type];
  const channel = { $ref: "#/channels/websocket" };
  const operation = {
    action: "receive",
    channel,
    summary,
    messages: [channelMessage("websocket", commandMessage(type))],
  };
  if (answer === null) return operation;
  const answers = [frameMessage(answer), frameMessage("error")];
  return {
    ...operation,
    reply: { channel, messages: answers.map((name) => channelMessage("websocket", name)) },
  };
}

function messages(): object {
  const commands = commandTypes().map((type) => [
    commandMessage(type),
    { name: type, title: type, summary: commandTexts[type].summary, payload: commandSchemas[type] },
  ]);
  const frames = frameTypes().map((type) => [
    frameMessage(type),
    { name: type, title: type, summary: frameTexts[type], payload: serverFrameSchemas[type] },
  ]);
  return {
    ...Object.fromEntries(commands),
    text: {
      name: "text",
      title: "plain text",
      summary: "Any text that does not begin with {.",
      contentType: "text/plain",
      payload: { type: "string" },
    },
    publication: {
      name: "publication",
      title: "publication",
      summary: "One message at one position of a topic.",
      payload: PublicationFrame,
    },
    ...Object.fromEntries(frames),
  };
}

/** A publication of any topic, and those of topics whose payload has a schema. */
function publications({ payloads }: AsyncApiFacts): string[] {
  return ["publication", ...payloads.map(payloadMessage)];
}

function payloadMessages({ payloads }: AsyncApiFacts): object {
  const messages = payloads.map((payload, index) => {
    const { pattern, schema } = payload;
    const isPrefix = pattern.endsWith("*");
    const prefix = pattern.slice(0, -1).replace(/[.|]/g, "\\$&");
    const topic = isPrefix ? { type: "string", pattern: `^${prefix}` } : { const: pattern };
    const fields = { type: "object", required: ["data"], properties: { topic, data: schema } };
    return [
      payloadMessage(payload, index),
      {
        name: "publication",
        title: `publication of ${pattern}`,
        summary: isPrefix
          ? `A publication of a topic that fits ${pattern}, and nothing more specific.`
          : `A publication of ${pattern}.`,
        payload: { allOf: [PublicationFrame, fields] },
      },
    ];
  });
  return Object.fromEntries(messages);
}

function references(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function channelMessage(channel: "websocket" | "events", message: string): object {
  return { $ref: `#/channels/${channel}/messages/${message}` };
}

/** Commands and answers share words (`history`), so that the names in the document say who speaks. */
function commandMessage(type: CommandType): string {
  return `client_${type}`;
}

function payloadMessage(payload: TopicPayload, index: number): string {
  return `publication_${payloadName(payload, index)}`;
}

function frameMessage(type: ServerFrameType): string {
  return `server_${type}`;
}

function commandTypes(): CommandType[] {
  return Object.keys(commandSchemas) as CommandType[];
}

function frameTypes(): ServerFrameType[] {
  return Object.keys(serverFrameSchemas) as ServerFrameType[];
}
