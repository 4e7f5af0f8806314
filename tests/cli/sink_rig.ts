/**
 * A rig for tests of sinks.
 *
 * @module
 */

import { Exchange, type ExchangeOptions, type JobRequest } from "../../src/cli/exchange.ts";
import { Run } from "../../src/cli/run.ts";
import type { Job } from "../../src/cli/sink.ts";
import { createClient } from "../../src/client/create_client.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { FakeTerminal } from "./fake_terminal.ts";

/** A job for a URL with a secret in it. */
export const JOB: Job = jobOf("https://h/a?token=1");

/** A job for a URL. */
export function jobOf(text: string, index = 0): Job {
  const input = { ok: true, text, url: new URL(text), parts: {}, where: "argument 1" } as const;
  return { index, input, variant: "", durationMs: 12.345 };
}

/** Creates a run without progress. */
export function setUpRun(): { readonly terminal: FakeTerminal; readonly run: Run } {
  const terminal = new FakeTerminal();
  const options = { quiet: true, jsonErrors: false, failFast: false, dataOnStdout: true, summary: false };
  return { terminal, run: new Run({ terminal, clock: new ManualClock() }, options) };
}

/** The settings of an exchange. */
export interface Answers extends Partial<Omit<ExchangeOptions, "client" | "request">> {
  readonly request?: Partial<JobRequest> | undefined;
  readonly maxRetries?: number | undefined;
  /** Called with the headers of each request. */
  readonly onRequest?: ((headers: Headers) => void) | undefined;
}

/** Creates an exchange that is answered by these responses, one by one. */
export function exchangeOf(
  responses: Response | Response[],
  { request, maxRetries, onRequest, ...options }: Answers = {},
): Exchange {
  const left = Array.isArray(responses) ? responses : [responses];
  const client = createClient({
    maxRetries,
    backoff: { baseMs: 0, jitter: "none" },
    circuitBreaker: false,
    retryBudget: false,
    fetch: (_url, init) => {
      onRequest?.(new Headers(init?.headers));
      return Promise.resolve(left.shift() ?? new Response("no more", { status: 400 }));
    },
  });
  return new Exchange({
    client,
    run: options.run ?? setUpRun().run,
    request: { url: "https://h/a", method: "GET", headers: {}, body: undefined, ...request },
    shownUrl: "https://h/a",
    options: {},
    usesCache: false,
    takesErrorBodies: false,
    ...options,
  });
}

/** A body that breaks off after its beginning. */
export function brokenBody(text: string): ReadableStream<Uint8Array> {
  let pulls = 0;
  return new ReadableStream({
    pull: (controller) =>
      pulls++ === 0
        ? controller.enqueue(new TextEncoder().encode(text))
        : controller.error(new TypeError("cut")),
  }, { highWaterMark: 0 });
}
