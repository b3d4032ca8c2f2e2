import assert from "node:assert/strict";
import { test } from "node:test";

import { FeedStore, RunFeed } from "../../web/dashboard/data/feed.js";
import { RunData } from "../../web/dashboard/data/run_data.js";

/** @typedef {import("../../web/events.js").RunEvent} RunEvent */

/**
 * @param {number} step
 * @param {number} [loss]
 * @returns {any}
 */
const stepEvent = (step, loss = 1 / step) => ({
  type: "step", time: step, step, epoch: 1, loss, lr: 1e-4, grad_norm: 1, seconds: 2,
  parts: { load: 0.1, model: 1.8, optimizer: 0.1 },
}); // prettier-ignore

/**
 * @param {number} from
 * @param {number} to
 * @returns {any[]}
 */
const steps = (from, to) => Array.from({ length: to - from + 1 }, (_, place) => stepEvent(from + place));

/** @param {RunData} run */
const stepsOf = (run) => [...run.columns.step.view()];

/**
 * @param {number} last
 * @returns {any}
 */
const history = (last) => ({
  id: "log1", next: 100, state: "running", settings: { "lora.rank": 32 },
  step: steps(1, last).map((event) => event.step),
  loss: steps(1, last).map((event) => event.loss),
  d: [], validation: [], checkpoints: [], samples: [], controls: [],
  start: { type: "start", time: 0, steps_done: 0, steps_total: 20 }, stop: null, last_step: stepEvent(last),
  verdict: null,
}); // prettier-ignore

test("history and live events give one curve without doubles", () => {
  const run = new RunData("a");
  run.load(history(5));
  assert.equal(run.apply(steps(4, 8)), false);
  assert.deepEqual(stepsOf(run), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(run.columns.model.last, 1.8);
  assert.ok(Number.isNaN(run.columns.d.last), "a missing number is no zero");
});

test("columns grow beyond their first size", () => {
  const run = new RunData("a");
  run.apply(steps(1, 1000));
  assert.equal(run.columns.loss.length, 1000);
  assert.equal(run.columns.loss.view()[999], 1 / 1000);
});

test("missing steps are noticed", () => {
  const run = new RunData("a");
  run.load(history(5));
  assert.equal(run.apply([stepEvent(7)]), true);
});

test("a run that was taken back forgets what came after the checkpoint", () => {
  const run = new RunData("a");
  run.load(history(10));
  const generation = run.generation;
  run.apply([
    { type: "checkpoint", time: 6, step: 6, epoch: 1, path: "checkpoints/6" },
    { type: "checkpoint", time: 9, step: 9, epoch: 1, path: "checkpoints/9" },
    { type: "validation", time: 9, step: 9, loss: 1 },
    { type: "control", time: 11, step: 6, action: "rewind", value: 6 },
  ]);
  assert.deepEqual(stepsOf(run), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(run.checkpoints.map((event) => event.step), [6]);
  assert.deepEqual(run.validation, []);
  assert.ok(run.generation > generation);
  run.apply(steps(7, 8));
  assert.deepEqual(stepsOf(run), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("state and length follow commands and the end", () => {
  const run = new RunData("a");
  run.load(history(3));
  run.apply([{ type: "control", time: 4, step: 3, action: "pause" }]);
  assert.equal(run.state, "paused");
  run.apply([{ type: "control", time: 5, step: 3, action: "resume" }]);
  assert.equal(run.state, "running");
  run.apply([{ type: "control", time: 6, step: 3, action: "set_steps", value: 50 }]);
  assert.equal(run.stepsTotal, 50);
  run.apply([{ type: "stop", time: 7, reason: "auto_stopped" }]);
  assert.equal(run.state, "stopped");
  assert.equal(run.isRunning, false);
});

test("a command that comes twice counts once", () => {
  const run = new RunData("a");
  /** @type {any} */
  const pause = { type: "control", time: 4, step: 3, action: "save" };
  run.apply([pause, pause]);
  assert.equal(run.controls.length, 1);
});

test("the length that was asked for last holds after a reload", () => {
  const run = new RunData("a");
  run.load({ ...history(3), controls: [{ type: "control", time: 2, step: 2, action: "set_steps", value: 33 }] });
  assert.equal(run.stepsTotal, 33);
});

/**
 * @param {Partial<import("../../web/dashboard/data/feed.js").Source>} parts
 * @returns {import("../../web/dashboard/data/feed.js").Source}
 */
const source = (parts) => ({ history: async () => history(5), events: async () => null, ...parts });

test("live events wait until the history is there", async () => {
  const feed = new RunFeed("a", source({}));
  const loading = feed.load();
  feed.onLive(steps(5, 7));
  assert.equal(feed.data.step, 0);
  await loading;
  assert.deepEqual(stepsOf(feed.data), [1, 2, 3, 4, 5, 6, 7]);
});

test("catching up asks from the last known byte until nothing is left", async () => {
  /** @type {number[]} */
  const asked = [];
  const feed = new RunFeed(
    "a",
    source({
      events: async (_run, after, id) => {
        asked.push(after);
        assert.equal(id, "log1");
        return after === 100
          ? { events: steps(6, 7), next: 150, more: true }
          : { events: steps(8, 8), next: 160 };
      },
    }),
  );
  await feed.load();
  await feed.catchUp();
  assert.deepEqual(asked, [100, 150]);
  assert.deepEqual(stepsOf(feed.data), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a log that was rewritten is read anew", async () => {
  let histories = 0;
  const feed = new RunFeed(
    "a",
    source({
      history: async () => history((histories += 1) === 1 ? 9 : 4),
      events: async () => ({ events: [], next: 10, reset: true }),
    }),
  );
  await feed.load();
  await feed.catchUp();
  await feed.load();
  assert.deepEqual(stepsOf(feed.data), [1, 2, 3, 4]);
});

test("a gap in the live events is filled from the log", async () => {
  const feed = new RunFeed("a", source({ events: async () => ({ events: steps(6, 9), next: 200 }) }));
  await feed.load();
  feed.onLive([stepEvent(9)]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(stepsOf(feed.data), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a server that does not answer breaks nothing, and the state of the list still counts", async () => {
  const feed = new RunFeed("a", source({ events: async () => Promise.reject(new Error("away")) }));
  await feed.load();
  const catching = feed.catchUp();
  feed.setState("interrupted");
  await catching;
  assert.equal(feed.data.state, "interrupted");
});

test("a run is held once for all who show it", () => {
  const store = new FeedStore(source({}));
  const first = store.open("a");
  assert.equal(store.open("a"), first);
  store.close(first);
  assert.equal(store.open("a"), first);
  store.close(first);
  store.close(first);
  assert.notEqual(store.open("a"), first);
});
