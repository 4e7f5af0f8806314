/**
 * The token of a client: where it comes from, and how it is renewed once for all requests that need a new one.
 *
 * @module
 */

import { type Clock, timerDelay, type TimerHandle } from "../primitives/clock.ts";
import { abortable } from "./abortable.ts";

/** What a refresh is told. */
export interface RefreshInput {
  /** The token that was refused; `undefined` if none was sent. */
  readonly token: string | undefined;
  /** Status and headers of the response that refused it, without its body. */
  readonly response: Response;
  /** The URL that was asked for. */
  readonly url: string;
  /**
   * Sends a request by the client's `fetch`, past its limits, retries and middleware. A request to the client itself would wait for the
   * permits of the requests that wait for this refresh.
   */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Aborts after `refreshTimeoutMs`, and not when callers leave: a refresh token may be good for one use only. */
  readonly signal: AbortSignal;
}

/** What a token source is made of. */
export interface TokenSourceOptions {
  /** Gives the token as the user has it. */
  readonly ask: () => string | undefined | PromiseLike<string | undefined>;
  /** Gives a new one. */
  readonly refresh: (input: RefreshInput) => string | PromiseLike<string>;
  /** How long it may take, in milliseconds. */
  readonly refreshTimeoutMs: number;
  /** How long after the end of a refresh no other one begins, in milliseconds. */
  readonly refreshIntervalMs: number;
  /** Told of each refresh that has failed; must not throw. */
  readonly onRefreshFailure: (error: unknown) => void;
}

/** What a caller brings that waits for a token: the clock, and what stops the waiting. */
interface Around {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A refresh in flight. */
interface Refresh {
  /** Resolves when it has ended, well or not. */
  readonly ended: Promise<void>;
  /** When it can't be in flight any more, on the clock: in workers it dies with the request that has begun it, and never ends. */
  readonly lostAtMs: number;
}

/** How late a refresh may end that has run out of time, in milliseconds. */
const GRACE_MS = 1_000;

/** What a token can be that goes into a header as it is. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Knows which token is the present one, and lets at most one refresh of each run. */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  /** The refreshes in flight, by the token that they replace. */
  readonly #refreshes = new Map<string | undefined, Refresh>();
  #asks = 0;
  /** The number of the ask that has brought the token which the user has. */
  #askTaken = 0;
  #asked: string | undefined;
  #present: string | undefined;
  #refreshEndedAtMs = -Infinity;

  /** Takes the options, which have been checked. */
  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /**
   * The present token: what the user has, or what a refresh has made of that. Waits while that one is being refreshed.
   *
   * @param around The clock, and what stops the waiting.
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
   * A token in place of one that was refused. All requests with the same one share one refresh; one that is older than the present token
   * costs none. Soon after a refresh there is no other one, whatever became of it.
   *
   * @param refused What was refused.
   * @param input What the refresh is told.
   * @param around The clock, and what stops the waiting; the refresh itself goes on.
   * @returns The token; `undefined` if there is no other.
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
      // It was lost: this caller begins the next one.
    }
    return this.#present === refused ? undefined : this.#present;
  }

  #inFlight(token: string | undefined, clock: Clock): Refresh | undefined {
    const refresh = this.#refreshes.get(token);
    return refresh !== undefined && clock.now() < refresh.lostAtMs ? refresh : undefined;
  }

  /** Asks the caller's function, which may have another token by now. Of two results that cross, the one that was asked for later counts. */
  async #ask(): Promise<void> {
    const number = ++this.#asks;
    const token = await this.#options.ask();
    if (token !== undefined) assertToken(token, "token");
    if (number < this.#askTaken || (this.#askTaken > 0 && token === this.#asked)) return;
    this.#askTaken = number;
    this.#asked = token;
    this.#present = token;
  }

  /** Starts a refresh, unless the last one has only just ended. */
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

  /** Takes a new token, also one that comes late, unless the user has another one by now. */
  #adopt(refused: string | undefined, token: string): void {
    assertToken(token, "refresh()");
    if (token === refused) throw new Error("Cannot refresh the token as the new one is the old one");
    if (this.#present === refused) this.#present = token;
  }
}

/** Waits until a refresh has ended, or is lost; rejects with the signal's reason. */
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

/** Throws unless a token can be sent; does not show it. */
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
