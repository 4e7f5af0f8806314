/**
 * The servers of the model: a scripted `fetch` that knows which requests are under way.
 *
 * @module
 */

import type { ModelClock } from "./model_clock.ts";
import type { Dice } from "../support/dice.ts";

/** The longest time after which a client writes off an aborted `fetch` that ignores its signal, in milliseconds. */
const MAX_WRITE_OFF_MS = 30_000;

/** The most chunks of an endless body: without an end, a body that ignores its signal would keep the model running. */
const MOST_CHUNKS = 400;

/** A limit that an origin states: so many requests in so many seconds. */
export interface CountedLimit {
  readonly limit: number;
  readonly seconds: number;
}

/** The behaviour of an origin. */
export interface Weather {
  /** The share of requests that go wrong, from 0 to 1. */
  readonly faults: number;
  /** When nothing works at the origin, from the first time to the second. */
  readonly downFromMs: number;
  readonly downToMs: number;
  readonly downAs: "refused" | "hanging" | "503" | "500";
  /** How many requests it serves in each window; it answers the others with 429. */
  readonly quota: { readonly limit: number; readonly windowMs: number; readonly names: boolean } | undefined;
  /** The limits that it states if the plan says so: for all requests, and for those with the same key. */
  readonly counted: readonly CountedLimit[];
  readonly countedOfKeys: readonly CountedLimit[];
  readonly latencyMs: number;
}

/** One request, from the call of `fetch` to the end of its body. */
export class Exchange {
  readonly origin: string;
  /** The last part of its path: the id of its job. */
  readonly id: string;
  /** Whether the body has neither ended nor been cancelled or aborted. */
  isOpen = true;
  /** Whether its headers came, or it failed. */
  isAnswered = false;
  status = 0;
  /** When its answer came, and for how long the answer asks the client to wait. */
  answeredAtMs: number = Infinity;
  pauseMs = 0;
  isUnnamed = true;
  abortedAtMs: number = Infinity;
  /** Whether it exceeds a limit that the origin states. */
  isOverLimit = false;
  /** The headers of its answer that state limits. */
  stated: Record<string, string> = {};
  /** When it was last sent, answered or read from, or last brought a chunk. */
  activeAtMs: number;

  constructor(
    readonly url: string,
    readonly method: string,
    readonly atMs: number,
    readonly isDeaf: boolean,
    readonly signal: AbortSignal,
  ) {
    this.origin = new URL(url).origin;
    this.activeAtMs = atMs;
    this.id = url.slice(url.lastIndexOf("/") + 1);
  }
}

/** The settings of a {@linkcode ModelServer}. */
export interface ServerOptions {
  readonly clock: ModelClock;
  readonly dice: Dice;
  readonly weather: ReadonlyMap<string, Weather>;
  /** The probability that `fetch` ignores its signal. */
  readonly deafness: number;
  /** Returns the limit key of a request; `undefined` if the origins state no limits. */
  readonly keyOf: ((id: string) => string | undefined) | undefined;
  /** Called with each request, before it is answered. */
  readonly onSend: (exchange: Exchange) => void;
}

type BodyKind = "at once" | "late" | "parts" | "hanging" | "broken" | "endless" | "none";

interface Fate {
  readonly status: number;
  readonly delayMs: number;
  readonly body: BodyKind;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The servers of all origins, which draw how each request ends. */
export class ModelServer {
  /** The exchanges under way. */
  readonly open: Set<Exchange> = new Set();
  /** All exchanges, in the order in which they were sent. */
  readonly sent: Exchange[] = [];
  readonly #options: ServerOptions;
  readonly #windows = new Map<string, { startedAtMs: number; count: number }>();

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Counts the exchanges under way, without those that a client may have written off. */
  countOpen(timeoutMs: (exchange: Exchange) => number, origin?: string): number {
    const nowMs = this.#options.clock.now();
    let count = 0;
    for (const exchange of this.open) {
      const writtenOffAtMs = exchange.abortedAtMs + Math.min(timeoutMs(exchange), MAX_WRITE_OFF_MS);
      if (nowMs < writtenOffAtMs && (origin === undefined || exchange.origin === origin)) count++;
    }
    return count;
  }

  /** The `fetch` that the client is given. */
  readonly fetch: typeof fetch = (input, init = {}) => {
    const { clock, dice, deafness, onSend } = this.#options;
    const signal = init.signal!;
    const exchange = new Exchange(
      String(input),
      init.method ?? "GET",
      clock.now(),
      dice.chance(deafness),
      signal,
    );
    this.sent.push(exchange);
    this.open.add(exchange);
    onSend(exchange);
    const fate = this.#fateOf(exchange);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        exchange.abortedAtMs = Math.min(exchange.abortedAtMs, clock.now());
        if (exchange.isDeaf || exchange.isAnswered) return;
        this.#close(exchange);
        exchange.isAnswered = true;
        reject(signal.reason);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort);
      const answer = (): void => {
        if (exchange.isAnswered) return;
        exchange.isAnswered = true;
        exchange.answeredAtMs = exchange.activeAtMs = clock.now();
        if (fate.status > 0) return resolve(this.#respond(exchange, fate));
        this.#close(exchange);
        reject(new TypeError("connection refused"));
      };
      if (fate.delayMs === 0) answer();
      else if (fate.delayMs < Infinity) clock.at(fate.delayMs, answer);
    });
  };

  #close(exchange: Exchange): void {
    exchange.isOpen = false;
    this.open.delete(exchange);
  }

  #respond(exchange: Exchange, { status, body, text, headers: own = {} }: Fate): Response {
    exchange.status = status;
    const headers: Record<string, string> = { ...own, ...exchange.stated };
    const asked = headers["retry-after"];
    if (asked !== undefined && /^\d+$/.test(asked)) {
      exchange.pauseMs = Number(asked) * 1_000;
      exchange.isUnnamed = false;
    }
    if (body === "none") {
      this.#close(exchange);
      return new Response(null, { status, headers });
    }
    return new Response(this.#stream(exchange, body, text), { status, headers });
  }

  #stream(exchange: Exchange, kind: BodyKind, text: string): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { clock, dice } = this.#options;
    const { signal } = exchange;
    const bytes = encoder.encode(text);
    let pulls = 0;
    const chunks = kind === "parts"
      ? [bytes.slice(0, 1), bytes.slice(1)]
      : [kind === "broken" ? bytes.slice(0, 1) : bytes];
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        const onAbort = (): void => {
          if (exchange.isDeaf || !exchange.isOpen) return;
          this.#close(exchange);
          controller.error(signal.reason);
        };
        if (signal.aborted) onAbort();
        else signal.addEventListener("abort", onAbort);
      },
      pull: async (controller) => {
        exchange.activeAtMs = clock.now();
        if (kind === "hanging") return new Promise(() => {});
        const chunk = chunks.shift();
        // A reader learns of the end when it asks for the next chunk.
        if (chunk !== undefined && kind !== "at once") await clock.sleep(dice.int(1, 60));
        if (!exchange.isOpen) return;
        exchange.activeAtMs = clock.now();
        if (chunk !== undefined) return controller.enqueue(chunk);
        if (kind === "endless" && pulls++ < MOST_CHUNKS) {
          await clock.sleep(dice.int(1, 20));
          if (!exchange.isOpen) return;
          exchange.activeAtMs = clock.now();
          return controller.enqueue(new Uint8Array(2_048).fill(0x20));
        }
        this.#close(exchange);
        if (kind === "broken") controller.error(new TypeError("connection lost"));
        else controller.close();
      },
      cancel: () => this.#close(exchange),
    }, { highWaterMark: 0 });
  }

  /** Whether a request exceeds a stated limit. A window begins with the first request after the previous window. */
  #isOverStated(exchange: Exchange): boolean {
    const { weather, keyOf } = this.#options;
    if (keyOf === undefined) return false;
    const { counted, countedOfKeys } = weather.get(exchange.origin)!;
    const key = keyOf(exchange.id);
    const groups = [["x-limit", "", counted], ["x-key-limit", key, countedOfKeys]] as const;
    for (const [name, group, limits] of groups) {
      if (group === undefined) continue;
      const counts = limits.map(({ limit, seconds }, index) => {
        const window = `${exchange.origin} ${name} ${group} ${index}`;
        if (this.#isOver(window, limit, seconds * 1_000)) exchange.isOverLimit = true;
        return `${this.#windows.get(window)!.count}:${seconds}`;
      });
      exchange.stated[name] = limits.map(({ limit, seconds }) => `${limit}:${seconds}`).join(",");
      exchange.stated[`${name}-count`] = counts.join(", ");
    }
    return exchange.isOverLimit;
  }

  #fateOf(exchange: Exchange): Fate {
    const { origin, id } = exchange;
    const { clock, dice, weather } = this.#options;
    const { faults, downFromMs, downToMs, downAs, quota, latencyMs } = weather.get(origin)!;
    const nowMs = clock.now();
    const delayMs = dice.chance(0.3) ? 0 : dice.int(1, latencyMs);
    const text = JSON.stringify({ u: id });
    if (this.#isOverStated(exchange)) return this.#fault("429", delayMs);
    if (nowMs >= downFromMs && nowMs < downToMs) return this.#fault(downAs, delayMs);
    if (quota !== undefined && this.#isOver(origin, quota.limit, quota.windowMs)) {
      return {
        ...this.#fault("429", delayMs),
        headers: quota.names ? { "retry-after": String(Math.ceil(quota.windowMs / 1_000)) } : {},
      };
    }
    if (dice.chance(faults)) return this.#fault(dice.pick(FAULTS), delayMs);
    const body = dice.pick<BodyKind>(["at once", "at once", "at once", "late", "parts"]);
    return { status: 200, delayMs, body, text };
  }

  #isOver(origin: string, limit: number, windowMs: number): boolean {
    const nowMs = this.#options.clock.now();
    let window = this.#windows.get(origin);
    if (window === undefined || nowMs >= window.startedAtMs + windowMs) {
      window = { startedAtMs: nowMs, count: 0 };
      this.#windows.set(origin, window);
    }
    return ++window.count > limit;
  }

  #fault(kind: FaultKind, delayMs: number): Fate {
    const { dice } = this.#options;
    const body = dice.pick<BodyKind>([
      "at once",
      "at once",
      "late",
      "parts",
      "hanging",
      "broken",
      "endless",
      "none",
    ]);
    const failure = (status: number, retryAfter?: string): Fate => ({
      status,
      delayMs,
      body,
      text: `status ${status}`,
      ...(retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } }),
    });
    switch (kind) {
      case "refused":
        return { ...failure(0), status: 0 };
      case "hanging":
        return { ...failure(200), delayMs: Infinity };
      case "hanging body":
        return { ...failure(200), body: "hanging" };
      case "broken body":
        return { ...failure(200), body: "broken" };
      case "endless body":
        return { ...failure(200), body: "endless" };
      case "slow":
        return { ...failure(200), text: "null", body: "at once", delayMs: dice.int(200, 3_000) };
      case "not JSON":
        return { ...failure(200), text: "<html>", body: "at once" };
      case "truncated":
        return { ...failure(200), text: '{"u":', body: "at once" };
      case "204":
        return { ...failure(204), body: "none" };
      case "404":
        return failure(404);
      case "500":
        return failure(500);
      case "503":
        return failure(503);
      case "503 named":
        return failure(503, dice.pick(WAITS));
      case "429":
        return failure(429);
      case "429 named":
        return failure(429, dice.pick(WAITS));
    }
  }
}

const FAULTS = [
  "refused",
  "hanging",
  "hanging body",
  "broken body",
  "endless body",
  "slow",
  "not JSON",
  "truncated",
  "204",
  "404",
  "500",
  "503",
  "503 named",
  "429",
  "429 named",
] as const;

type FaultKind = typeof FAULTS[number];

/** The values of Retry-After; 100 seconds are longer than any client here waits. */
const WAITS = ["0", "1", "1", "2", "5", "100", "soon", "-1"];

const encoder = new TextEncoder();
