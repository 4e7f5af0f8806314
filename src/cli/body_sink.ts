/**
 * Bodies as they are, on stdout.
 *
 * @module
 */

import type { OpenAnswer } from "./exchange.ts";
import type { Run } from "./run.ts";
import type { Sink } from "./sink.ts";

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
    async take({ input }, exchange) {
      if (include || exchange.isAsItComes) {
        const answer = await exchange.open();
        if (include) await run.put(headText(answer));
        for await (const chunk of answer.body) await run.put(chunk);
        return answer.failure;
      }
      const stdout = new WritableStream<Uint8Array<ArrayBuffer>>({ write: (chunk) => run.put(chunk) });
      await exchange.download(stdout, { name: input.url.href, resume: false });
      return undefined;
    },
  };
}

/** The head of an answer; runtimes do not show the version of HTTP. */
function headText({ status, statusText, headers }: OpenAnswer): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${status} ${statusText}`.trim(), ...lines, "", ""].join("\r\n");
}
