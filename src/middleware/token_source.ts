/**
 * Holds the token of a client, and refreshes it once for all requests that need a new one.
 *
 * @module
 */

import { type Clock, timerDelay, type TimerHandle } from "../primitives/clock.ts";
import { abortable } from "./abortable.ts";

/** The input of a refresh. */
export interface RefreshInput {
  /** The refused token; `undefined` if the request had none. */
  readonly token: string | undefined;
  /** Status and headers of the response that refused the token, without its body. */
  readonly response: Response;
  /** The URL of the refused request. */
  readonly url: string;
  /**
   * Sends a request with the client's `fetch`, bypassing its limits, retries and middleware. A request through the client itself
   * would wait for permits that the requests waiting for this refresh hold.
   */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Aborts after `refreshTimeoutMs`. It does not abort when callers do, because a refresh token may be valid for one use only. */
  readonly signal: AbortSignal;
}

/** Options of {@linkcode TokenSource}. */
export interface TokenSourceOptions {
  /** Returns the user's token. */
  readonly ask: () => string | undefined | PromiseLike<string | undefined>;
  /** Returns a new token. */
  readonly refresh: (input: RefreshInput) => string | PromiseLike<string>;
  /** The timeout of a refresh, in milliseconds; `Infinity` for none. */
  readonly refreshTimeoutMs: number;
  /** The minimum time from the end of a refresh to the start of the next one, in milliseconds. */
  readonly refreshIntervalMs: number;
  /** Called with the error of each failed refresh; must not throw. */
  readonly onRefreshFailure: (error: unknown) => void;
}

/** The context of a caller that waits for a token: the clock, and the signal that ends the wait. */
interface Around {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A refresh in flight. */
interface Refresh {
  /** Resolves when the refresh has ended, whether it succeeded or failed. */
  readonly ended: Promise<void>;
  /**
   * The time after which the refresh counts as lost, on the clock. In workers a refresh dies with the incoming request that has
   * started it, and then never ends.
   */
  readonly lostAtMs: number;
}

/** How long after its timeout a refresh may still end, in milliseconds, before it counts as lost. */
const GRACE_MS = 1_000;

/** A token that can go into a header as it is. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Holds the current token, and runs at most one refresh of each token at a time. */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  /** The refreshes in flight, by the token that they replace. */
  readonly #refreshes = new Map<string | undefined, Refresh>();
  #asks = 0;
  /** The number of the call to `ask` that returned the user's current token. */
  #askTaken = 0;
  #asked: string | undefined;
  #present: string | undefined;
  #refreshEndedAtMs = -Infinity;

  /** Creates a token source. The caller has checked the options. */
  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /**
   * Returns the current token: the user's, or the one with which a refresh has replaced it. Waits while a refresh of that token
   * is in flight.
   *
   * @param around The clock, and the signal that ends the wait.
   * @returns The token; `undefined` for none.
   * @throws {TypeError} Rejects, if the user's token can't be sent.
   * @throws {unknown} Rejects with what the user's function throws, and with the signal's reason.
   */
  async present(around: Around): Promise<string | undefined> {
    await this.#ask();
    const refresh = this.#inFlight(this.#present, around.clock);
    if (refresh !== undefined) await wait(refresh, around);
    return this.#present;
  }

  /**
   * Returns a token in place of a refused one. All requests with the same token share one refresh. A request with an older token
   * than the current one needs no refresh. Within `refreshIntervalMs` after a refresh, whether it succeeded or failed, no other
   * one starts.
   *
   * @param refused The refused token; `undefined` if the request had none.
   * @param input The input of the refresh.
   * @param around The clock, and the signal that ends the wait; the refresh itself goes on.
   * @returns The token; `undefined` if there is no other token.
   * @throws {unknown} Rejects with what the user's function throws, and with the signal's reason.
   */
  async renewed(
    refused: string | undefined,
    input: Omit<RefreshInput, "token" | "signal">,
    around: Around,
  ): Promise<string | undefined> {
    const { clock } = around;
    await this.#ask();
    while (this.#present === refused) {
      const refresh = this.#inFlight(refused, clock) ?? this.#start(refused, input, clock);
      if (refresh === undefined) break;
      await wait(refresh, around);
      if (this.#refreshes.get(refused) !== refresh) break;
      // The refresh is lost. This caller starts the next one.
    }
    return this.#present === refused ? undefined : this.#present;
  }

  #inFlight(token: string | undefined, clock: Clock): Refresh | undefined {
    const refresh = this.#refreshes.get(token);
    return refresh !== undefined && clock.now() < refresh.lostAtMs ? refresh : undefined;
  }

  /**
   * Calls the user's function, which may return another token by now. If two calls overlap, the result of the later call counts.
   * A token that the function returned before changes nothing, because a refresh may have replaced that token.
   */
  async #ask(): Promise<void> {
    const number = ++this.#asks;
    const token = await this.#options.ask();
    if (token !== undefined) assertToken(token, "token");
    if (number < this.#askTaken || (this.#askTaken > 0 && token === this.#asked)) return;
    this.#askTaken = number;
    this.#asked = token;
    this.#present = token;
  }

  /** Starts a refresh, unless the last one ended less than `refreshIntervalMs` ago. */
  #start(
    refused: string | undefined,
    input: Omit<RefreshInput, "token" | "signal">,
    clock: Clock,
  ): Refresh | undefined {
    const { refreshTimeoutMs, refreshIntervalMs, onRefreshFailure } = this.#options;
    const nowMs = clock.now();
    if (nowMs - this.#refreshEndedAtMs < refreshIntervalMs) return undefined;
    const ended = this.#refresh(refused, input, clock).catch(onRefreshFailure).finally(() => {
      if (this.#refreshes.get(refused) === refresh) this.#refreshes.delete(refused);
      this.#refreshEndedAtMs = clock.now();
    });
    const refresh: Refresh = { ended, lostAtMs: nowMs + refreshTimeoutMs + GRACE_MS };
    this.#refreshes.set(refused, refresh);
    return refresh;
  }

  async #refresh(
    token: string | undefined,
    input: Omit<RefreshInput, "token" | "signal">,
    clock: Clock,
  ): Promise<void> {
    const { refresh, refreshTimeoutMs } = this.#options;
    const controller = new AbortController();
    const { signal } = controller;
    const work = async (): Promise<void> => this.#adopt(token, await refresh({ ...input, token, signal }));
    const timer = refreshTimeoutMs === Infinity ? undefined : clock.setTimeout(
      () => controller.abort(timeoutError(refreshTimeoutMs)),
      timerDelay(refreshTimeoutMs),
    );
    try {
      await abortable(work(), signal);
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** Stores a new token, even if it arrives after the timeout, unless the user has another token by now. */
  #adopt(refused: string | undefined, token: string): void {
    assertToken(token, "refresh()");
    if (token === refused) throw new Error("Cannot refresh the token as the new one is the old one");
    if (this.#present === refused) this.#present = token;
  }
}

/** Waits until a refresh has ended or counts as lost; rejects with the signal's reason. */
async function wait({ ended, lostAtMs }: Refresh, { clock, signal }: Around): Promise<void> {
  let timer: TimerHandle;
  const lost = new Promise<void>((resolve) => {
    if (lostAtMs < Infinity) timer = clock.setTimeout(resolve, timerDelay(lostAtMs - clock.now()));
  });
  try {
    await abortable(Promise.race([ended, lost]), signal);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Throws if a value can't be sent as a token. The error does not show the value. */
export function assertToken(token: unknown, name: string): asserts token is string {
  if (typeof token === "string" && TOKEN.test(token)) return;
  const received = typeof token !== "string"
    ? String(token === null ? null : typeof token)
    : token === ""
    ? "an empty string"
    : /^bearer /i.test(token)
    ? "one that begins with 'Bearer', which is added here"
    : "one with other characters";
  throw new TypeError(
    `Cannot authorize as '${name}' must be a token of visible ASCII characters: received ${received}`,
  );
}

function timeoutError(timeoutMs: number): Error {
  return new DOMException(
    `Cannot refresh the token within ${timeoutMs} ms; a refresh must use the 'fetch' that it is given, and not the client`,
    "TimeoutError",
  );
}
