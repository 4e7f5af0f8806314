/**
 * Injects faults into real traffic, by the same rules as the simulated CDN.
 *
 * @module
 */

import { contentLength } from "../http/body.ts";
import { isBodiless } from "../http/decoded_headers.ts";
import { assertKnownOptions } from "../http/option_hints.ts";
import { responseLike } from "../http/tracked_response.ts";
import { redactUrl } from "../http/url.ts";
import { asNetworkFailure, type Middleware, type Next } from "../policies/middleware.ts";
import { assertOptions, assertPromptFunction } from "../primitives/argument_checks.ts";
import type { Clock } from "../primitives/clock.ts";
import { sleep } from "./abortable.ts";
import type { Fault, FaultRule } from "./faults/fault.ts";
import { FaultRules } from "./faults/fault_rules.ts";
import { type Answer, faultyAnswer } from "./faults/faulty_answer.ts";
import { type BodyDamage, faultyBody } from "./faults/faulty_body.ts";
import { latencySampler } from "./faults/latency.ts";
import { Traffic } from "./faults/traffic.ts";

/** Options of {@linkcode faults}. */
export interface FaultsOptions {
  /**
   * The source of random numbers, from 0 (included) to 1 (excluded). With a seeded source, the same faults occur in each run if
   * the requests come in the same order.
   *
   * @default {Math.random}
   */
  readonly random?: (() => number) | undefined;
}

/** The request that a fault affects, with what is needed to send it. */
interface Exchange {
  readonly request: Request;
  readonly next: Next;
  readonly clock: Clock;
  readonly random: () => number;
}

const ACTION = "create faults";
const NOTHING: Answer = { status: 200, headers: {}, body: new Uint8Array(0), isChunked: false };

/**
 * Makes requests fail on purpose, for tests of code that uses a client. The rules are those of the simulated CDN of
 * `@slipstream/fetch/testing`; of several rules that match a request, the first one applies. Some faults send nothing: `status`,
 * `retryAfter`, `refuse`, `reset`, `stall` of the headers, and `wrongContent` as HTML or JSON. The others send the request, and
 * then delay its response (`slow`) or damage its body (`cut`, `stall`, `drip`, `wrongContent`).
 *
 * It wraps hops, and so runs inside all middleware that wraps attempts: a redirect counts as a request of its own. A fault counts
 * as a failure of the origin, with retries, breakers and mirrors as usual. A wait ends when its attempt does.
 *
 * @param rules The faults, and the requests that they affect.
 * @param options Options.
 * @returns An entry for the `use` of a client. Clients with the same entry share its counts.
 * @throws {TypeError | RangeError} If a rule or an option has the wrong shape or is out of range.
 *
 * @example One request in ten gets a 503, and one URL is gone
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { faults } from "@slipstream/fetch/middleware";
 * import { seededRandom } from "@slipstream/fetch/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using client = createClient({
 *   use: [faults([
 *     { kind: "status", status: 404, match: "/gone" },
 *     { kind: "status", status: 503, probability: 0.1 },
 *   ], { random: seededRandom(1) })],
 *   fetch: () => Promise.resolve(Response.json(1)),
 * });
 * const outcome = await client.outcome("https://api.example.com/gone");
 * assertEquals(outcome.ok, false);
 * ```
 */
export function faults(rules: readonly FaultRule[], options: FaultsOptions = {}): Middleware {
  assertOptions(ACTION, options);
  assertKnownOptions(ACTION, options, ["random"]);
  const { random = Math.random } = options;
  assertPromptFunction(ACTION, "random", random);
  const traffic = new Traffic(new FaultRules(rules, undefined, ACTION), random);
  const faulty: Middleware = (request, next, { clock }) => {
    const fault = traffic.faultFor(request, clock);
    return fault === undefined ? next(request) : befall(fault, { request, next, clock, random });
  };
  return Object.assign(faulty, { around: "hop" as const });
}

async function befall(fault: Fault, { request, next, clock, random }: Exchange): Promise<Response> {
  const { signal } = request;
  if (fault.kind === "refuse") throw failure(request, "the connection was refused");
  if (fault.kind === "reset") throw failure(request, "the connection was reset");
  if (fault.kind === "slow") {
    await sleep(latencySampler(fault.latency, ACTION).sample(random), { clock, signal });
    return await next(request);
  }
  if (fault.kind === "stall" && fault.phase === "headers") await sleep(Infinity, { clock, signal });
  const damage = damageOf(fault);
  if (damage === undefined) return toResponse(faultyAnswer(NOTHING, fault, () => clock.wallNow()), request);
  const response = await next(request);
  return damaged(response, damage, {
    request,
    clock,
    status: fault.kind === "wrongContent" ? 200 : undefined,
  });
}

/** Returns the damage that a fault does to the body; `undefined` if the fault answers without sending the request. */
function damageOf(fault: Fault): BodyDamage | undefined {
  switch (fault.kind) {
    case "cut":
      return { afterBytes: fault.afterBytes, ending: fault.framing === "close" ? "end" : "cut" };
    case "stall":
      return { afterBytes: fault.afterBytes ?? 0, ending: "stall" };
    case "drip":
      return { bytesPerSecond: fault.bytesPerSecond ?? 1_000, ending: "none" };
    case "wrongContent":
      if (fault.content === "truncated") return { ending: "end" };
      return fault.content === "empty" ? { afterBytes: 0, ending: "end" } : undefined;
    default:
      return undefined;
  }
}

/** Returns the same response with a damaged body. */
function damaged(
  response: Response,
  damage: BodyDamage,
  { request, clock, status = response.status }: {
    readonly request: Request;
    readonly clock: Clock;
    readonly status: number | undefined;
  },
): Response {
  if (response.body === null) return response;
  const headers = new Headers(response.headers);
  const body = faultyBody(response.body, damage, {
    clock,
    signal: request.signal,
    // The announced length of a compressed body is not that of the decoded one.
    length: headers.has("content-encoding") ? undefined : contentLength(headers),
    error: () => failure(request, "the connection was reset in the body"),
  });
  if (damage.ending === "end") headers.delete("content-length");
  const { statusText, url, redirected, type } = response;
  return responseLike({ status, statusText, headers, url, redirected, type }, body);
}

function toResponse({ status, headers, body }: Answer, { method, url }: Request): Response {
  const response = new Response(isBodiless(method, status) ? null : new Uint8Array(body), {
    status,
    headers,
  });
  return Object.defineProperty(response, "url", { value: url });
}

function failure({ url }: Request, why: string): Error {
  return asNetworkFailure(new TypeError(`Cannot fetch ${redactUrl(url)} as ${why} (a fault of the rules)`));
}
