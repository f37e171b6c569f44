/** What a relay's receiving end is measured against: node-redis, subscribed to one channel. */
import { createClient } from "redis";
import { relayTopic, serveSubscriber } from "../relay/program.ts";

const client = await createClient({ url: process.env.REDIS_URL ?? "" }).connect();
let onMessage = () => {};
await client.subscribe(relayTopic, () => onMessage());
onMessage = serveSubscriber();
