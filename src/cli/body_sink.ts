/**
 * Bodies as they are, on stdout, or where else nothing can be taken back.
 *
 * @module
 */

import type { OpenAnswer } from "./exchange.ts";
import type { Sink } from "./sink.ts";

/** Options of {@linkcode bodySink}. */
export interface BodySinkOptions {
  /** Writes text or bytes, after all that came before. */
  readonly put: (data: string | Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Whether the head of the response comes first. */
  readonly include: boolean;
}

/**
 * A body is written as it comes, and of a failure nothing is.
 *
 * @param options Where it goes, and what goes there besides.
 * @returns The sink.
 */
export function bodySink({ put, include }: BodySinkOptions): Sink {
  return {
    async take({ input }, exchange) {
      if (include || exchange.isAsItComes || !exchange.hasBody) {
        const answer = await exchange.open();
        if (include) await put(headText(answer));
        for await (const chunk of answer.body) await put(chunk);
        return answer.failure;
      }
      const stream = new WritableStream<Uint8Array<ArrayBuffer>>({ write: put });
      await exchange.download(stream, { name: input.url.href, resume: false });
      return undefined;
    },
  };
}

/** The head of a response; runtimes do not show the version of HTTP. */
function headText({ status, statusText, headers }: OpenAnswer): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${status} ${statusText}`.trim(), ...lines, "", ""].join("\r\n");
}
