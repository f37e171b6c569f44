import { expect, test } from "bun:test";
import { Admission } from "../../../src/transport/admission.ts";

test("as many as may come in do, then none, until one leaves; none while draining", () => {
  let open = 0;
  const admission = new Admission(2, () => open);
  expect(admission.refusal()).toBeNull();
  open = 2;
  expect(admission.refusal()?.code).toBe("unavailable");
  expect(admission.refusal()?.message).toContain("2");
  open = 1;
  expect(admission.refusal()).toBeNull();
  admission.drain();
  expect(admission.isDraining).toBe(true);
  expect(admission.refusal()?.code).toBe("draining");
});
