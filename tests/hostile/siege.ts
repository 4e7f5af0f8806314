/**
 * The rig of the hostile tests: a hostile server, and a client that has to survive it.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { type Client, type ClientOptions, createClient, type Outcome, SlipstreamError } from "../../mod.ts";
import { Semaphore } from "../../src/primitives/mod.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { runtime } from "../support/test.ts";
import { type RawHandler, type RawServer, serveRaw } from "./raw_server.ts";

/** The status line of a successful answer. */
export const OK = "HTTP/1.1 200 OK\r\n";
/** The answer to a request for `/well`. */
const WELL = answerOf('{"well":true}');
/**
 * The most memory that an answer may cost which is cut off, in bytes. It is generous, because other tests leave garbage too.
 * On Bun, `fetch` decodes in a thread of its own until it learns of the abort: up to some hundred megabytes of a bomb, also
 * for a bare `fetch` that is aborted.
 */
const MAX_GROWTH = runtime === "bun" ? 700e6 : 200e6;

/** The client and the server of a siege. */
export interface Siege {
  readonly client: Client;
  readonly server: RawServer;
  /** The URL whose requests the hostile handler answers. */
  readonly url: string;
  /** A signal for requests; at the end, no listener may be left on it. */
  readonly signal: AbortSignal;
}

/** Returns a complete and valid answer. */
export function answerOf(body: string, headers = "", status = "200 OK"): string {
  const { length } = new TextEncoder().encode(body);
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`;
}

/** Returns an answer with the given head and a body of bytes. */
export function withBytes(head: string, body: Uint8Array): Uint8Array {
  const headBytes = new TextEncoder().encode(`${head}\r\n`);
  const answer = new Uint8Array(headBytes.length + body.length);
  answer.set(headBytes);
  answer.set(body, headBytes.length);
  return answer;
}

/** Creates a handler that sends a beginning, and then the same bytes again and again until the client disconnects. */
export function endlessly(beginning: string, again: string | Uint8Array): RawHandler {
  return async ({ write }) => {
    for (let isThere = await write(beginning); isThere;) isThere = await write(again);
  };
}

/**
 * Lets a client with one permit send requests to a hostile server. Then asserts that nothing is left behind: the client still
 * works, the permit is free, no listener is left, and the memory has hardly grown.
 *
 * @param handler Answers the requests.
 * @param options Options of the client; without retries by default.
 * @param work Sends the requests.
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
  // There is only one permit, so this request waits until the permit is released.
  assertEquals(await client.json(`${server.url}/well`, { timeoutMs: 30_000 }), { well: true });
  const { inFlight, queued } = client.stats();
  assertEquals([inFlight, queued, semaphore.inUse, listeners.now], [0, 0, 0, 0]);
  assert(memoryUsage() - before < MAX_GROWTH, "the answer was not cut off, or is held");
}

/** Sends one request to a hostile server, and returns its outcome. */
export async function outcomeOf(handler: RawHandler, options: ClientOptions = {}): Promise<Outcome<unknown>> {
  let outcome: Outcome<unknown> | undefined;
  await besiege(handler, options, async ({ client, url, signal }) => {
    outcome = await client.outcome(url, { signal });
  });
  return outcome!;
}

/**
 * Asserts that a request has failed with a `SlipstreamError`, and returns the error's name and reason, such as `NetworkError`
 * or `InvalidDataError too-large`.
 */
export function failureOf(outcome: Outcome<unknown>): string {
  assert(!outcome.ok, "the request has not failed");
  return nameOf(outcome.error);
}

/** Asserts that an error is a `SlipstreamError`, and returns its name with its reason, kind or status. */
export function nameOf(error: unknown): string {
  assertInstanceOf(error, SlipstreamError);
  const { name, message } = error;
  assert(message.length < 2_000, "the message is bounded");
  const { reason, kind, status } = error as { reason?: string; kind?: string; status?: number };
  return [name, reason ?? kind ?? status].filter((part) => part !== undefined).join(" ");
}

/** Returns the name of the error with which a promise rejects; `undefined` if the promise fulfils. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return nameOf(error);
  }
}

/** Asserts that the runtime either refused an answer or understood it, because each runtime has its own limits. */
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
