/**
 * Names resolved over HTTPS (RFC 8484).
 *
 * @module
 */

import { readBody } from "../http/body.ts";
import type { Clock, TimerHandle } from "../primitives/clock.ts";
import { messageOf } from "../primitives/message_of.ts";
import { SingleFlight } from "../primitives/single_flight.ts";
import { type AddressType, decodeAnswer, type DnsAnswer, encodeQuery } from "./dns_message.ts";
import { isIpAddress } from "./ip_address.ts";
import { markOwn, ResolverError } from "./transport_errors.ts";

/** What a resolver is made of. */
export interface DohResolverSettings {
  /** Where to ask, preferred first. */
  readonly servers: readonly string[];
  /** How long one server may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How long the absence of a name is remembered at most, in milliseconds. */
  readonly maxNegativeTtlMs: number;
  /** Sends the questions. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
}

interface Resolution {
  readonly addresses: readonly string[];
  readonly goodUntilMs: number;
}

const TYPES: readonly AddressType[] = ["A", "AAAA"];
const MAX_ANSWER_BYTES = 65_536;
const MAX_NAMES = 1_024;
const MAX_TTL_MS = 86_400_000;
/** When there are addresses of IPv4, those of IPv6 are waited for no longer than this, in milliseconds (RFC 8305 §3 calls it a delay). */
const MAX_DELAY_MS = 250;
/** An answer without a time, or with none: callers that ask at once share it nevertheless. */
const MIN_TTL_MS = 1_000;

/** Why questions end that no caller waits for any more. */
const CLOSED = new TypeError("The transport was closed");

/** What an error says, without URLs: they may hold a token, and what was asked for. */
function textOf(error: unknown, host: string): string {
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  const told = cause instanceof Error ? cause : error;
  const text = messageOf(told);
  return text.replace(/https?:\/\/[^\s"'()]+/g, host);
}

/** An answer that a cache on the way has held for some seconds, which its time does not know of (RFC 8484 §5.1). */
function aged(answer: DnsAnswer, age: string | null): DnsAnswer {
  // Of several values the first one counts, and what is no number of seconds does not (RFC 9111 §5.1).
  const [, seconds] = /^\s*(\d+)\s*(?:,|$)/.exec(age ?? "") ?? [];
  const { ttlSeconds } = answer;
  if (seconds === undefined || ttlSeconds === undefined) return answer;
  return { ...answer, ttlSeconds: Math.max(0, ttlSeconds - Number(seconds)) };
}

/** Asks servers, one after the other, and remembers the answers for as long as they are good. */
export class DohResolver {
  readonly #settings: DohResolverSettings;
  readonly #known = new Map<string, Resolution>();
  readonly #flights = new SingleFlight<string, readonly string[]>();
  /** What is asked now. */
  readonly #asking = new Set<AbortController>();

  constructor(settings: DohResolverSettings) {
    this.#settings = settings;
  }

  /** The addresses of a name that are known and still good; `undefined` if it has to be asked for. */
  known(host: string): readonly string[] | undefined {
    const resolution = this.#known.get(host);
    if (resolution === undefined) return undefined;
    if (resolution.goodUntilMs > this.#settings.clock.now()) return resolution.addresses;
    this.#known.delete(host);
    return undefined;
  }

  /**
   * Resolves a name. Callers that ask for the same at once share the questions.
   *
   * @param host The name; an address is its own.
   * @param signal Takes this caller out.
   * @returns The addresses, those of IPv4 first; at least one.
   * @throws {ResolverError} If the name does not exist, or no server has answered.
   * @throws {unknown} The signal's reason.
   */
  async resolve(host: string, signal?: AbortSignal): Promise<readonly string[]> {
    if (isIpAddress(host)) return [host];
    const addresses = this.known(host) ??
      await this.#flights.run(host, (aborted) => this.#ask(host, aborted), { signal });
    if (addresses.length > 0) return addresses;
    throw new ResolverError(host, "not-found", "the name has no address");
  }

  async #ask(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const failures: string[] = [];
    for (const server of this.#settings.servers) {
      try {
        return this.#remember(host, await this.#askServer(server, host, signal));
      } catch (error) {
        signal.throwIfAborted();
        if (error === CLOSED) throw error;
        const { host: name } = new URL(server);
        failures.push(`${name}: ${textOf(error, name)}`);
      }
    }
    throw markOwn(
      new ResolverError(
        host,
        "unreachable",
        `no resolver has answered (${failures.join("; ")}); 'dns.doh' says which are asked`,
      ),
    );
  }

  /** Asks for both kinds of address at once; one that can't be had, or not soon, is not missed if there is the other. */
  async #askServer(server: string, host: string, signal: AbortSignal): Promise<readonly DnsAnswer[]> {
    const { clock, timeoutMs } = this.#settings;
    const controller = new AbortController();
    this.#asking.add(controller);
    const abort = (): void => controller.abort(signal.reason);
    signal.addEventListener("abort", abort);
    const timer = clock.setTimeout(
      () => controller.abort(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    let delay: TimerHandle;
    const query = async (type: AddressType): Promise<DnsAnswer> => {
      const answer = await this.#query(server, host, type, controller.signal);
      if (type === "A" && answer.addresses.length > 0) {
        delay = clock.setTimeout(() => controller.abort(new Error("no answer soon enough")), MAX_DELAY_MS);
      }
      return answer;
    };
    try {
      const settled = await Promise.allSettled(TYPES.map(query));
      const answers = settled.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
      const failure = settled.find((result) => result.status === "rejected");
      if (failure !== undefined && !answers.some(({ addresses }) => addresses.length > 0)) {
        throw failure.reason;
      }
      return answers;
    } finally {
      this.#asking.delete(controller);
      clock.clearTimeout(timer);
      if (delay !== undefined) clock.clearTimeout(delay);
      signal.removeEventListener("abort", abort);
    }
  }

  async #query(server: string, host: string, type: AddressType, signal: AbortSignal): Promise<DnsAnswer> {
    const query = encodeQuery(host, type);
    // What no name can be does not exist.
    if (query === undefined) return { addresses: [], ttlSeconds: undefined, isMissing: true };
    const url = new URL(server);
    url.searchParams.set("dns", query.toBase64({ alphabet: "base64url", omitPadding: true }));
    const response = await this.#settings.fetch(url.href, {
      headers: { accept: "application/dns-message" },
      redirect: "error",
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`it answered with ${response.status}`);
    }
    const bytes = await readBody(response, MAX_ANSWER_BYTES);
    if (bytes === undefined) throw new Error("its answer is too large");
    return aged(decodeAnswer(bytes, host, type), response.headers.get("age"));
  }

  /** Ends all questions: what waits for an answer gets none. */
  close(): void {
    for (const controller of this.#asking) controller.abort(CLOSED);
  }

  #remember(host: string, answers: readonly DnsAnswer[]): readonly string[] {
    const { clock, maxNegativeTtlMs } = this.#settings;
    const useful = answers.filter(({ addresses }) => addresses.length > 0);
    const addresses = useful.flatMap((answer) => answer.addresses);
    const ttls = (useful.length > 0 ? useful : answers).map(({ ttlSeconds = 0 }) => ttlSeconds * 1_000);
    const maxMs = addresses.length === 0 ? maxNegativeTtlMs : MAX_TTL_MS;
    const ttlMs = Math.min(Math.max(Math.min(...ttls), MIN_TTL_MS), maxMs);
    if (this.#known.size >= MAX_NAMES) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(host, { addresses, goodUntilMs: clock.now() + ttlMs });
    return addresses;
  }
}
