/**
 * Services that are not perfect, each of them a scene: the origins that 2,000 URLs lead to by turns, and how they answer. An
 * answer takes 50 ms, a bad one too.
 *
 * @module
 */

/** One request, as an origin sees it. */
export interface Ask {
  /** The number of the URL. */
  readonly id: number;
  /** How often this URL was asked for, this time included. */
  readonly tries: number;
  /** The time since the first request of the scene, in milliseconds. */
  readonly elapsedMs: number;
}

/** What an origin answers. */
export interface Answer {
  readonly status: 200 | 429 | 500 | 503;
  readonly retryAfterSeconds?: number | undefined;
  /** How long it takes instead of 50 ms. */
  readonly latencyMs?: number | undefined;
}

/** An origin: a maker of its answers, or why there are none. `"dead"` refuses connections, `"mistyped"` has no address. */
export type Origin = (() => (ask: Ask) => Answer) | "dead" | "mistyped";

/** A scene. */
export interface Scene {
  readonly title: string;
  readonly urls: number;
  /** The last one is the origin in trouble; another one is well. */
  readonly origins: readonly [Origin] | readonly [Origin, Origin];
  /** How many of the URLs can come. */
  readonly possible: number;
  /** The least time in which they can, 20 at once, in milliseconds. */
  readonly floorMs: number;
  /** How many requests the origin in trouble may see, for each of its URLs; without it, that is no question. */
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

/** So many requests are under way at once. */
export const CONCURRENCY = 20;
/** How long an answer takes, in milliseconds. */
export const LATENCY_MS = 50;
const URLS = 2_000;
/** How long it takes to get all of the URLs where everything is well. */
const ALL_MS = URLS / CONCURRENCY * LATENCY_MS;
/** All trouble that passes begins here, in the midst of the batch. */
const TROUBLE_MS = 1_000;

/** How long an origin that is paused wants to be left alone. */
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
    // The last 20 go out 19 seconds after the first.
    floorMs: (400 / 20 - 1) * 1_000 + LATENCY_MS,
    maxRequestsPerUrl: 1.3,
  },
  "paused": {
    title: "one origin of two paused for 5 s by 429",
    urls: URLS,
    origins: [well, () => paused],
    possible: URLS,
    // What is left of it after the pause has all permits.
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

/** An origin that is down for a while. */
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

/** Answers so many requests in each second, and refuses what goes beyond. */
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

/** Refuses everything for a while, and says until when. */
function paused({ elapsedMs }: Ask): Answer {
  const leftMs = TROUBLE_MS + PAUSE_MS - elapsedMs;
  if (elapsedMs < TROUBLE_MS || leftMs <= 0) return OK;
  return { status: 429, retryAfterSeconds: Math.ceil(leftMs / 1_000) };
}
