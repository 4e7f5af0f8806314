/**
 * Resolves names over HTTPS (RFC 8484).
 *
 * @module
 */

import { readBody } from "../http/body.ts";
import type { Clock, TimerHandle } from "../primitives/clock.ts";
import { messageOf } from "../errors.ts";
import { SingleFlight } from "../primitives/single_flight.ts";
import { type AddressType, decodeAnswer, type DnsAnswer, encodeQuery } from "./dns_message.ts";
import { isIpAddress } from "./ip_address.ts";
import { markOwn, ResolverError } from "./transport_errors.ts";

/** The settings of a resolver. */
export interface DohResolverSettings {
  /** The URLs of the servers to ask, preferred first. */
  readonly servers: readonly string[];
  /** How long to wait for one server, in milliseconds. */
  readonly timeoutMs: number;
  /** How long the resolver remembers at most that a name has no address, in milliseconds. */
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
/** How long to wait for IPv6 addresses once IPv4 addresses have arrived, in milliseconds (the Resolution Delay of RFC 8305 §3). */
const MAX_DELAY_MS = 250;
/**
 * The shortest time to keep an answer, in milliseconds. It also applies to an answer without a time to live, so that callers that
 * ask at the same time share it.
 */
const MIN_TTL_MS = 1_000;

/** The reason that ends all questions when the transport is closed. */
const CLOSED = new TypeError("The transport was closed");

/** Returns the message of an error without URLs, which may contain a token and the name of the question. */
function textOf(error: unknown, host: string): string {
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  const told = cause instanceof Error ? cause : error;
  const text = messageOf(told);
  return text.replace(/https?:\/\/[^\s"'()]+/g, host);
}

/** Shortens the time to live of an answer by the age that it had in an HTTP cache (RFC 8484 §5.1). */
function aged(answer: DnsAnswer, age: string | null): DnsAnswer {
  // Of several values the first one counts, and a value that is no number of seconds is ignored (RFC 9111 §5.1).
  const [, seconds] = /^\s*(\d+)\s*(?:,|$)/.exec(age ?? "") ?? [];
  const { ttlSeconds } = answer;
  if (seconds === undefined || ttlSeconds === undefined) return answer;
  return { ...answer, ttlSeconds: Math.max(0, ttlSeconds - Number(seconds)) };
}

/** Asks servers one after the other, and remembers their answers as long as they are valid. */
export class DohResolver {
  readonly #settings: DohResolverSettings;
  readonly #known = new Map<string, Resolution>();
  readonly #flights = new SingleFlight<string, readonly string[]>();
  /** The controllers of the questions in flight. */
  readonly #asking = new Set<AbortController>();

  constructor(settings: DohResolverSettings) {
    this.#settings = settings;
  }

  /** Returns the remembered addresses of a name; `undefined` if there is no valid answer. */
  known(host: string): readonly string[] | undefined {
    const resolution = this.#known.get(host);
    if (resolution === undefined) return undefined;
    if (resolution.goodUntilMs > this.#settings.clock.now()) return resolution.addresses;
    this.#known.delete(host);
    return undefined;
  }

  /**
   * Resolves a name. Callers that ask for the same name at the same time share the questions.
   *
   * @param host The name; an address is returned as it is.
   * @param signal The signal that ends the wait of this caller.
   * @returns The addresses, those of IPv4 first; at least one.
   * @throws {ResolverError} If the name does not exist or has no address, or no server has answered.
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

  /**
   * Asks a server for both types of address at the same time. If one type has brought addresses, the other type may fail, and
   * IPv6 may come too late.
   */
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
    // A host that is no valid name does not exist.
    if (query === undefined) return { addresses: [], ttlSeconds: undefined, isMissing: true };
    const url = new URL(server);
    url.searchParams.set("dns", toBase64Url(query));
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

  /** Ends all questions in flight; the callers that wait for them get an error. */
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

/** Returns bytes in the form that a query parameter has (RFC 8484 §4.1). */
function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
