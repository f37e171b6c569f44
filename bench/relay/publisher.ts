import { openBroker } from "./broker.ts";
import { relayMessage, relayTopic, servePublisher } from "./program.ts";

const store = process.env.STORE !== "false";
const broker = await openBroker(() => {});
const publish = async () => {
  const outcome = await broker.publish({ topic: relayTopic, event: "message", message: relayMessage, store });
  if (outcome !== null && !(typeof outcome === "object" && "offset" in outcome)) {
    console.error("not published:", outcome);
    process.exit(1);
  }
};
servePublisher(publish);
