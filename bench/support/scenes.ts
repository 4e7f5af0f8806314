/**
 * Services with faults. Each is a scene: the origins that the URLs of a batch lead to by turns, and how the origins answer.
 * An answer takes 50 ms, also an error.
 *
 * @module
 */

/** One request, as an origin receives it. */
export interface Ask {
  /** The number of the URL. */
  readonly id: number;
  /** The number of requests for this URL so far, including this one. */
  readonly tries: number;
  /** The time since the first request of the scene, in milliseconds. */
  readonly elapsedMs: number;
}

/** The answer of an origin. */
export interface Answer {
  readonly status: 200 | 429 | 500 | 503;
  readonly retryAfterSeconds?: number | undefined;
  /** The time that the answer takes, in milliseconds; without it, 50 ms. */
  readonly latencyMs?: number | undefined;
}

/**
 * An origin: a function that creates its answerer, or the reason why it never answers. `"dead"` refuses connections,
 * `"mistyped"` has no address.
 */
export type Origin = (() => (ask: Ask) => Answer) | "dead" | "mistyped";

/** A service with a certain fault, and the URLs of a batch against it. */
export interface Scene {
  readonly title: string;
  readonly urls: number;
  /** The origins. The last one is in trouble, except in the scene `well`; the first of two is well. */
  readonly origins: readonly [Origin] | readonly [Origin, Origin];
  /** The number of URLs that can get a value. */
  readonly possible: number;
  /** The least time in which these URLs can get their values, 20 at once, in milliseconds. */
  readonly floorMs: number;
  /** The most requests that the origin in trouble may receive, for each of its URLs; without it, no target applies. */
  readonly maxRequestsPerUrl?: number | undefined;
}

/** The names of the scenes. */
export type SceneName =
  | "well"
  | "blip"
  | "outage of 3 s"
  | "outage of 10 s"
  | "outage of 25 s"
  | "first tries"
  | "throttled"
  | "paused"
  | "dead"
  | "flapping"
  | "half broken"
  | "slow"
  | "mistyped";

/** The number of requests in flight at once. */
export const CONCURRENCY = 20;
/** The time that an answer takes, in milliseconds. */
export const LATENCY_MS = 50;
const URLS = 2_000;
/** The least time for all URLs if everything is well, in milliseconds. */
const ALL_MS = URLS / CONCURRENCY * LATENCY_MS;
/** The time when temporary trouble begins, in the middle of the batch, in milliseconds. */
const TROUBLE_MS = 1_000;

/** The length of the pause that the paused origin asks for, in milliseconds. */
const PAUSE_MS = 5_000;

const OK: Answer = { status: 200 };
const UNAVAILABLE: Answer = { status: 503 };
const well: Origin = () => () => OK;

/** All scenes. */
export const SCENES: Readonly<Record<SceneName, Scene>> = {
  "well": {
    title: "two origins, both well",
    urls: URLS,
    origins: [well, well],
    possible: URLS,
    floorMs: ALL_MS,
  },
  "blip": outage("a blip of 100 ms", 100),
  "outage of 3 s": outage("an outage of 3 s", 3_000),
  "outage of 10 s": outage("an outage of 10 s", 10_000),
  "outage of 25 s": outage("an outage of 25 s", 25_000),
  "first tries": {
    title: "5 % of first tries fail",
    urls: URLS,
    origins: [() => ({ id, tries }) => id % 20 === 7 && tries === 1 ? UNAVAILABLE : OK],
    possible: URLS,
    floorMs: ALL_MS * 1.05,
    maxRequestsPerUrl: 1.2,
  },
  "throttled": {
    title: "20 a second or 429, 400 URLs",
    urls: 400,
    origins: [() => throttled(20)],
    possible: 400,
    // The last 20 requests can go out 19 seconds after the first 20.
    floorMs: (400 / 20 - 1) * 1_000 + LATENCY_MS,
    maxRequestsPerUrl: 1.3,
  },
  "paused": {
    title: "one origin of two paused for 5 s by 429",
    urls: URLS,
    origins: [well, () => paused],
    possible: URLS,
    // The paused origin's other half of the work remains after the pause, and then has all permits.
    floorMs: TROUBLE_MS + PAUSE_MS + (ALL_MS - TROUBLE_MS) / 2,
    maxRequestsPerUrl: 1.3,
  },
  "dead": {
    title: "one origin of two dead",
    urls: URLS,
    origins: [well, "dead"],
    possible: URLS / 2,
    floorMs: ALL_MS / 2,
    maxRequestsPerUrl: 1.2,
  },
  "flapping": {
    title: "an origin 2 s up, 2 s down",
    urls: URLS,
    origins: [() => ({ elapsedMs }) => elapsedMs % 4_000 < 2_000 ? OK : UNAVAILABLE],
    possible: URLS,
    floorMs: ALL_MS + 2 * 2_000,
    maxRequestsPerUrl: 1.2,
  },
  "half broken": {
    title: "half of all URLs answer 500 for ever",
    urls: URLS,
    origins: [() => ({ id }) => id % 2 === 1 ? { status: 500 } : OK],
    possible: URLS / 2,
    floorMs: ALL_MS,
    maxRequestsPerUrl: 1.2,
  },
  "slow": {
    title: "one origin of two ten times slower",
    urls: URLS,
    origins: [well, () => () => ({ status: 200, latencyMs: 10 * LATENCY_MS })],
    possible: URLS,
    floorMs: ALL_MS / 2 + ALL_MS / 2 * 10,
  },
  "mistyped": {
    title: "a mistyped host",
    urls: URLS,
    origins: ["mistyped"],
    possible: 0,
    floorMs: 0,
    maxRequestsPerUrl: 1.2,
  },
};

/** Creates a scene with one origin that answers 503 for a while. */
function outage(title: string, durationMs: number): Scene {
  const isDown = (elapsedMs: number): boolean =>
    elapsedMs >= TROUBLE_MS && elapsedMs < TROUBLE_MS + durationMs;
  return {
    title,
    urls: URLS,
    origins: [() => ({ elapsedMs }) => isDown(elapsedMs) ? UNAVAILABLE : OK],
    possible: URLS,
    floorMs: ALL_MS + durationMs,
    maxRequestsPerUrl: 1.2,
  };
}

/** Creates an answerer that serves `perSecond` requests in each second, and answers 429 to further ones. */
function throttled(perSecond: number): (ask: Ask) => Answer {
  let second = 0;
  let answered = 0;
  return ({ elapsedMs }) => {
    const now = Math.floor(elapsedMs / 1_000);
    if (now > second) {
      second = now;
      answered = 0;
    }
    return answered++ < perSecond ? OK : { status: 429, retryAfterSeconds: 1 };
  };
}

/** Answers 429 to every request for a while, with a `Retry-After` until the end of that pause. */
function paused({ elapsedMs }: Ask): Answer {
  const leftMs = TROUBLE_MS + PAUSE_MS - elapsedMs;
  if (elapsedMs < TROUBLE_MS || leftMs <= 0) return OK;
  return { status: 429, retryAfterSeconds: Math.ceil(leftMs / 1_000) };
}
