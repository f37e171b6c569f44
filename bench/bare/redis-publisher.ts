/** What a relay's publishing end is measured against: node-redis, publishing what Fanfare's subscribers would get. */
import { createClient } from "redis";
import { relayMessage, relayTopic, servePublisher } from "../relay/program.ts";

const client = await createClient({ url: process.env.REDIS_URL ?? "" }).connect();
let offset = 0;
servePublisher(() => {
  offset++;
  const frame = `{"type":"message","topic":"${relayTopic}","offset":${offset},"ts":${Date.now()},"message":"${relayMessage}"}`;
  return client.publish(relayTopic, frame);
});
