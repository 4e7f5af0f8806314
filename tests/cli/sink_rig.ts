/**
 * What sinks are tested with.
 *
 * @module
 */

import type { Job } from "../../src/cli/sink.ts";
import { Run } from "../../src/cli/run.ts";
import { Transfer } from "../../src/cli/transfer.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { FakeTerminal } from "./fake_terminal.ts";

/** A job for a URL with a secret in it. */
export const JOB: Job = jobOf("https://h/a?token=1");

/** A job for a URL. */
export function jobOf(text: string, index = 0): Job {
  const input = { ok: true, text, url: new URL(text), parts: {}, where: "argument 1" } as const;
  return { index, input, variant: "", attempts: 2, from: "network", durationMs: 12.345 };
}

/** A run without progress. */
export function setUpRun(): { readonly terminal: FakeTerminal; readonly run: Run } {
  const terminal = new FakeTerminal();
  const options = { quiet: true, jsonErrors: false, failFast: false, dataOnStdout: true, summary: false };
  return { terminal, run: new Run({ terminal, clock: new ManualClock() }, options) };
}

/** A response that is being received; those that follow are given when it is asked for again. */
export function transferOf(response: Response, later: Response[] = []): Transfer {
  return new Transfer(response, {
    isRepeatable: true,
    maxRetries: 3,
    reopen: () => Promise.resolve(later.shift() ?? Response.error()),
    pause: () => Promise.resolve(),
    onBytes: () => {},
  });
}
