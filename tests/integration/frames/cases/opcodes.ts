import { encodeFrame } from "../../../support/raw-frame.ts";
import { closes, type FrameCase, ping, text } from "../frame-case.ts";

const reservedNonControl = [3, 4, 5, 6, 7];
const reservedControl = [11, 12, 13, 14, 15];

export const opcodeCases: readonly FrameCase[] = [
  ...reservedNonControl.map((opcode) => ({
    name: `4.1 reserved non-control opcode ${opcode}, empty`,
    send: [encodeFrame({ opcode })],
    end: closes(1002),
  })),
  ...reservedNonControl.map((opcode) => ({
    name: `4.1 a text, then reserved opcode ${opcode} with payload, then a ping`,
    send: [text("before"), encodeFrame({ opcode, payload: "reserved" }), ping("late")],
    chat: ["before"],
    end: closes(1002),
  })),
  ...reservedControl.map((opcode) => ({
    name: `4.2 reserved control opcode ${opcode}, empty`,
    send: [encodeFrame({ opcode })],
    end: closes(1002),
  })),
  ...reservedControl.map((opcode) => ({
    name: `4.2 a text, then reserved opcode ${opcode} with payload, byte by byte`,
    send: [text("before"), encodeFrame({ opcode, payload: "reserved" }), ping("late")],
    pieceBytes: 1,
    chat: ["before"],
    end: closes(1002),
  })),
];
