import { expect, test } from "vitest";
import { TRAINABLE_MODEL_TYPES } from "#main/core/models/inspect.ts";
import { SUPPORTED_MODEL_TYPES } from "#worker/models/folder.ts";

test("core offers for training what the worker can train", () => {
  expect(TRAINABLE_MODEL_TYPES.toSorted()).toEqual(SUPPORTED_MODEL_TYPES.toSorted());
});
