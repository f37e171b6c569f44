import clearText from "./lua/clear.lua" with { type: "text" };
import positionText from "./lua/position.lua" with { type: "text" };
import positionsText from "./lua/positions.lua" with { type: "text" };
import publishText from "./lua/publish.lua" with { type: "text" };
import readText from "./lua/read.lua" with { type: "text" };
import type { Script } from "./ports.ts";

/** What their keys and arguments are is said where their texts are. */
export const publishScript: Script = { name: "publish", text: positionText + publishText };
export const readScript: Script = { name: "read", text: positionText + readText };
export const clearScript: Script = { name: "clear", text: clearText };
export const positionsScript: Script = { name: "positions", text: positionsText };

export const topicScripts: readonly Script[] = [publishScript, readScript, clearScript, positionsScript];
