/**
 * A hostile server, and a client that has to survive it.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { type Client, type ClientOptions, createClient, type Outcome, SlipstreamError } from "../../mod.ts";
import { Semaphore } from "../../src/primitives/mod.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { runtime } from "../support/test.ts";
import { type RawHandler, type RawServer, serveRaw } from "./raw_server.ts";

/** The beginning of an answer. */
export const OK = "HTTP/1.1 200 OK\r\n";
/** What a plain request is answered with. */
const WELL = answerOf('{"well":true}');
/**
 * How much memory an answer may cost that is cut off, in bytes: other tests leave garbage behind as well. Bun's own `fetch` goes on decoding,
 * in a thread of its own, until it hears of the abort: up to some hundred megabytes of a bomb, also for a bare `fetch` that is aborted.
 */
const MAX_GROWTH = runtime === "bun" ? 700e6 : 200e6;

/** Who is besieged, by what. */
export interface Siege {
  readonly client: Client;
  readonly server: RawServer;
  /** What is asked for. */
  readonly url: string;
  /** For requests; nothing may be left on it. */
  readonly signal: AbortSignal;
}

/** A whole answer in good order. */
export function answerOf(body: string, headers = "", status = "200 OK"): string {
  const { length } = new TextEncoder().encode(body);
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`;
}

/** A head, and a body of bytes. */
export function withBytes(head: string, body: Uint8Array): Uint8Array {
  const headBytes = new TextEncoder().encode(`${head}\r\n`);
  const answer = new Uint8Array(headBytes.length + body.length);
  answer.set(headBytes);
  answer.set(body, headBytes.length);
  return answer;
}

/** Sends a beginning, and then the same again and again, until the client has had enough. */
export function endlessly(beginning: string, again: string | Uint8Array): RawHandler {
  return async ({ write }) => {
    for (let isThere = await write(beginning); isThere;) isThere = await write(again);
  };
}

/**
 * Lets a client with one permit ask a hostile server, and then makes sure that nothing is left behind: the same client, the permit and
 * the memory are of use again.
 *
 * @param handler What the server does.
 * @param options Options of the client; without retries by default.
 * @param work What is asked for.
 */
export async function besiege(
  handler: RawHandler,
  options: ClientOptions,
  work: (siege: Siege) => Promise<void>,
): Promise<void> {
  await using server = await serveRaw((exchange) => exchange.path === "/well" ? WELL : handler(exchange));
  const semaphore = new Semaphore(1);
  const { signal } = new AbortController();
  const listeners = countAbortListeners(signal);
  const before = memoryUsage();
  await using client = createClient({
    concurrency: semaphore,
    circuitBreaker: false,
    maxRetries: 0,
    ...options,
  });
  await work({ client, server, url: `${server.url}/hostile`, signal });
  // There is one permit: this waits until it has been given back.
  assertEquals(await client.json(`${server.url}/well`, { timeoutMs: 30_000 }), { well: true });
  const { inFlight, queued } = client.stats();
  assertEquals([inFlight, queued, semaphore.inUse, listeners.now], [0, 0, 0, 0]);
  assert(memoryUsage() - before < MAX_GROWTH, "the answer was not cut off, or is held");
}

/** Besieges a client with one request, and gives its outcome. */
export async function outcomeOf(handler: RawHandler, options: ClientOptions = {}): Promise<Outcome<unknown>> {
  let outcome: Outcome<unknown> | undefined;
  await besiege(handler, options, async ({ client, url, signal }) => {
    outcome = await client.outcome(url, { signal });
  });
  return outcome!;
}

/** Asserts that a request has failed with an error of ours, and gives what names it: `NetworkError`, `InvalidDataError too-large`. */
export function failureOf(outcome: Outcome<unknown>): string {
  assert(!outcome.ok, "the request has not failed");
  return nameOf(outcome.error);
}

/** What names an error of ours. */
export function nameOf(error: unknown): string {
  assertInstanceOf(error, SlipstreamError);
  const { name, message } = error;
  assert(message.length < 2_000, "the message is bounded");
  const { reason, kind, status } = error as { reason?: string; kind?: string; status?: number };
  return [name, reason ?? kind ?? status].filter((part) => part !== undefined).join(" ");
}

/** What a promise rejects with, by its name; `undefined` if it does not. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return nameOf(error);
  }
}

/** Asserts that an answer was either refused by the runtime or understood: runtimes have limits of their own. */
export function assertRefusedOrRight(outcome: Outcome<unknown>, value: unknown): void {
  if (outcome.ok) assertEquals(outcome.value, value);
  else assertEquals(failureOf(outcome), "NetworkError");
}

function memoryUsage(): number {
  const { process } = globalThis as unknown as {
    readonly process: { readonly memoryUsage: () => { readonly rss: number } };
  };
  return process.memoryUsage().rss;
}
