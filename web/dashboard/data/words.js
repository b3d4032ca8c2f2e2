// @ts-check
// Numbers, times and states in plain English.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// Steps whose mean length foretells the rest: enough to even out buckets of different size.
const STEPS_FOR_PACE = 50;

/**
 * "1 h 05 min", "3 min 20 s", "12 s", "0.4 s".
 *
 * @param {number} seconds
 * @returns {string}
 */
export function durationText(seconds) {
  if (!Number.isFinite(seconds)) return "-";
  if (seconds < 10) return `${Number(seconds.toFixed(seconds < 1 ? 2 : 1))} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${twoDigits(whole % MINUTE)} s`;
  const minutes = Math.round(seconds / MINUTE);
  if (seconds < DAY) return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
  const hours = Math.round(seconds / HOUR);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** @param {number} value */
function twoDigits(value) {
  return String(value).padStart(2, "0");
}

/**
 * Seconds until a run's end, by its last steps and by what measuring and previews cost lately.
 *
 * @param {import("./run_data.js").RunData} run
 * @returns {number} NaN when it cannot be known
 */
export function remainingSeconds(run) {
  const seconds = run.columns.seconds;
  const recent = seconds.view(Math.max(0, seconds.length - STEPS_FOR_PACE));
  if (recent.length === 0 || run.stepsTotal === 0) return NaN;
  const pace = recent.reduce((sum, value) => sum + value, 0) / recent.length;
  const beside = secondsPerStep(run.validation) + secondsPerStep(run.samples);
  return Math.max(0, run.stepsTotal - run.step) * (pace + beside);
}

/**
 * What things that happen every so many steps cost for each step; 0 before they happened twice.
 *
 * @param {{ step: number, seconds?: number }[]} events in the order of their steps
 */
function secondsPerStep(events) {
  const last = events.at(-1)?.step ?? 0;
  const before = events.filter((event) => event.step < last).at(-1)?.step;
  if (before === undefined) return 0;
  const newest = events.filter((event) => event.step === last);
  return newest.reduce((sum, event) => sum + (event.seconds ?? 0), 0) / (last - before);
}

/**
 * The clock time of the end: "14:32", "tomorrow 02:10" or "28 Nov, 02:10".
 *
 * @param {number} remaining seconds
 * @param {Date} now
 * @returns {string}
 */
export function endText(remaining, now) {
  if (!Number.isFinite(remaining)) return "-";
  const end = new Date(now.getTime() + remaining * 1000);
  const clock = `${twoDigits(end.getHours())}:${twoDigits(end.getMinutes())}`;
  const midnight = new Date(now);
  midnight.setHours(24, 0, 0, 0);
  if (end < midnight) return clock;
  midnight.setDate(midnight.getDate() + 1);
  if (end < midnight) return `tomorrow ${clock}`;
  return `${end.getDate()} ${end.toLocaleString("en-GB", { month: "short" })}, ${clock}`;
}

/**
 * "640 KB", "12.3 MB", "1.2 GB".
 *
 * @param {number} bytes
 * @returns {string}
 */
export function bytesText(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} KB`;
  if (bytes < 1e9) return `${Number((bytes / 1e6).toFixed(1))} MB`;
  return `${Number((bytes / 1e9).toFixed(1))} GB`;
}

/**
 * @param {number} megabytes MiB
 * @returns {string}
 */
export function memoryText(megabytes) {
  if (!Number.isFinite(megabytes)) return "-";
  if (megabytes < 1024) return `${Math.round(megabytes)} MiB`;
  return `${(megabytes / 1024).toFixed(1)} GiB`;
}

/**
 * Five digits at most, and powers of ten only where they are needed.
 *
 * @param {number} value
 * @returns {string}
 */
export function numberText(value) {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/**
 * "3.4%", "42%".
 *
 * @param {number} share 0 to 1
 * @returns {string}
 */
export function percentText(share) {
  return `${Number((100 * share).toPrecision(2))}%`;
}

/**
 * "1,120".
 *
 * @param {number} value
 * @returns {string}
 */
export function stepText(value) {
  return Math.round(value).toLocaleString("en-US");
}

/**
 * @param {number} seconds since 1970
 * @returns {string} "25 Nov 2026, 14:32"
 */
export function dateText(seconds) {
  if (!Number.isFinite(seconds)) return "-";
  const date = new Date(seconds * 1000);
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  return `${day}, ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

/** @type {Record<string, string>} */
const STATES = {
  running: "Running",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped and kept",
  cancelled: "Cancelled",
  failed: "Failed",
  interrupted: "Interrupted",
};

/**
 * @param {string} state
 * @returns {string}
 */
export function stateText(state) {
  return STATES[state] ?? (state || "No run yet");
}

/** @type {Record<string, string>} */
const STOP_REASONS = {
  finished: "It went through all its steps.",
  cancelled: "It was cancelled; queue it again to go on.",
  stopped: "It was stopped and everything was kept.",
  auto_stopped: "It stopped by itself, because more steps no longer helped.",
  diverged: "It diverged.",
  error: "It ended with an error.",
};

/**
 * Why a run ended.
 *
 * @param {import("../../events.js").StopEvent | null} stop
 * @returns {string}
 */
export function stopText(stop) {
  if (stop === null) return "";
  return [STOP_REASONS[stop.reason] ?? "", stop.text ?? ""].filter(Boolean).join(" ");
}

/** @type {Record<string, string>} */
const ACTIONS = {
  stop: "stop and keep",
  pause: "pause",
  resume: "resume",
  save: "save now",
  sample: "sample now",
  set_steps: "number of steps",
  rewind: "back to step",
};

/**
 * @param {{ action: string, value?: number | null }} control
 * @returns {string}
 */
export function actionText(control) {
  const words = ACTIONS[control.action] ?? control.action;
  return typeof control.value === "number" ? `${words}: ${stepText(control.value)}` : words;
}
