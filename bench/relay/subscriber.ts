import { openBroker } from "./broker.ts";
import { relayTopic, serveSubscriber } from "./program.ts";

let onDelivery = () => {};
const broker = await openBroker(() => onDelivery());
await broker.follow(relayTopic);
onDelivery = serveSubscriber();
