/**
 * Bodies as they are, on stdout.
 *
 * @module
 */

import type { Run } from "./run.ts";
import type { Sink } from "./sink.ts";
import { RESTART } from "./transfer.ts";

/** Options of {@linkcode bodySink}. */
export interface BodySinkOptions {
  /** Whether the head of the answer comes first. */
  readonly include: boolean;
}

/**
 * A body goes to stdout as it comes, and of a failure nothing does.
 *
 * @param run Whose stdout it is.
 * @param options What goes there besides.
 * @returns The sink.
 */
export function bodySink(run: Run, { include }: BodySinkOptions): Sink {
  return {
    async take(_job, transfer) {
      if (include) await run.put(headText(transfer.response));
      for await (const piece of transfer.pieces()) {
        // What is written can't be taken back.
        if (piece === RESTART) throw new Error("The body broke off, and could not be continued");
        await run.put(piece);
      }
    },
  };
}

/** The head of an answer; runtimes do not show the version of HTTP. */
function headText({ status, statusText, headers }: Response): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${status} ${statusText}`.trim(), ...lines, "", ""].join("\r\n");
}
