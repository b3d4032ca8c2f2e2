import assert from "node:assert/strict";
import { test } from "node:test";

import { reportHeight, reportLines, wrappedCount } from "../../web/report/report.js";

test("report lines are read from the node's output", () => {
  assert.deepEqual(reportLines({ hunyuan_report: ["a", 2] }), ["a", "2"]);
});

test("an output without a report has no lines", () => {
  assert.deepEqual(reportLines({ images: [] }), []);
  assert.deepEqual(reportLines(undefined), []);
});

test("the report's height grows with its lines up to a limit", () => {
  assert.equal(reportHeight(0), 0);
  assert.ok(reportHeight(2) > reportHeight(1));
  assert.equal(reportHeight(40), reportHeight(9));
});

test("long lines count as often as they wrap, short ones once", () => {
  assert.equal(wrappedCount(["a", "b"], 300), 2);
  assert.equal(wrappedCount(["", "x".repeat(390)], 306), 1 + 10);
  assert.ok(wrappedCount(["x".repeat(100)], 200) > wrappedCount(["x".repeat(100)], 600));
});
