import { concatenate, toBytes } from "../../../support/raw-frame.ts";
import { refused, type UpgradeCase, welcomed } from "../upgrade-case.ts";

const invalid = refused(422, "invalid");
const tooLarge = refused(413, "too_large");

const topicsMax = 1_000;

function topics(count: number): string {
  return Array.from({ length: count }, (_, index) => `t${index}`).join(",");
}

const topicCases: readonly UpgradeCase[] = [
  { name: "no topics at all", target: "/ws?topics=", answer: welcomed },
  { name: "every character that a topic may have", target: "/ws?topics=Az09_.:@|~=-", answer: welcomed },
  { name: "a topic of 255 characters", target: `/ws?topics=${"t".repeat(255)}`, answer: welcomed },
  { name: "a topic of 256 characters", target: `/ws?topics=${"t".repeat(256)}`, answer: invalid },
  { name: "an empty topic between commas", target: "/ws?topics=a,,b", answer: invalid },
  { name: "a topic with a blank", target: "/ws?topics=a%20b", answer: invalid },
  { name: "a topic with a slash", target: "/ws?topics=a/b", answer: invalid },
  { name: "a topic with a wildcard", target: "/ws?topics=a.*", answer: invalid },
  { name: "a topic with a line break", target: "/ws?topics=a%0d%0ab", answer: invalid },
  { name: "a topic with NUL", target: "/ws?topics=a%00b", answer: invalid },
  { name: "a percent-encoded byte that is not UTF-8", target: "/ws?topics=%ff", answer: invalid },
  { name: "percent-encoding that is none", target: "/ws?topics=%zz", answer: invalid },
  { name: "percent-encoding cut short", target: "/ws?topics=a%", answer: invalid },
  { name: "letters that are not ASCII", target: "/ws?topics=%CE%BA", answer: invalid },
  {
    name: "raw bytes that are not UTF-8",
    target: concatenate([toBytes("/ws?topics="), Uint8Array.of(0xff, 0xfe)]),
    answer: invalid,
  },
  {
    name: "as many topics as a connection may have",
    target: `/ws?topics=${topics(topicsMax)}`,
    answer: welcomed,
  },
  { name: "one topic more than that", target: `/ws?topics=${topics(topicsMax + 1)}`, answer: tooLarge },
  {
    name: "as many as it may have, and the user's own",
    target: `/ws?topics=${topics(topicsMax)}&user_id=alice`,
    answer: tooLarge,
  },
  {
    name: "one topic many times counts once",
    target: `/ws?topics=${Array.from({ length: topicsMax + 1 }, () => "t").join(",")}`,
    answer: welcomed,
  },
];

const otherCases: readonly UpgradeCase[] = [
  { name: "a user id", target: "/ws?user_id=alice@example.org", answer: welcomed },
  { name: "an empty user id is none", target: "/ws?user_id=", answer: welcomed },
  { name: "a user id with a blank", target: "/ws?user_id=a+b", answer: invalid },
  { name: "a user id with a slash", target: "/ws?user_id=../admin", answer: invalid },
  { name: "a user id with NUL", target: "/ws?user_id=%00", answer: invalid },
  { name: "a user id that is not UTF-8", target: "/ws?user_id=%c0%af", answer: invalid },
  {
    name: "a user id of 250 characters, whose topic fits",
    target: `/ws?user_id=${"u".repeat(250)}`,
    answer: welcomed,
  },
  { name: "a user id of 251 characters", target: `/ws?user_id=${"u".repeat(251)}`, answer: invalid },
  { name: "a role that there is not", target: "/ws?client=root", answer: invalid },
  { name: "a name with a control character", target: "/ws?name=%07", answer: invalid },
  { name: "a name of 256 characters", target: `/ws?name=${"n".repeat(256)}`, answer: invalid },
  { name: "a cursor that is none", target: "/ws?since=yesterday", answer: invalid },
  { name: "a cursor of 5000 characters", target: `/ws?since=${"c".repeat(5_000)}`, answer: invalid },
  {
    name: "a cursor from a server that is no more",
    target: "/ws?topics=chat&since=chat:gone:12",
    answer: welcomed,
  },
  { name: "parameters nobody knows", target: "/ws?__proto__=1&constructor=2&x[]=3", answer: welcomed },
  { name: "a fragment of a query", target: "/ws?&&=&?", answer: welcomed },
];

export const handshakeQueryCases: readonly UpgradeCase[] = [...topicCases, ...otherCases];
