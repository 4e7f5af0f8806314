/**
 * A sink that writes one body unchanged to stdout, a device or a pipe, where nothing can be taken back.
 *
 * @module
 */

import type { OpenAnswer } from "./exchange.ts";
import type { Sink } from "./sink.ts";

/** Options of {@linkcode bodySink}. */
export interface BodySinkOptions {
  /** Writes text or bytes, after everything written before. */
  readonly put: (data: string | Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Whether the head of the response comes first. */
  readonly include: boolean;
}

/**
 * Creates a sink that writes a body as it arrives. A failure writes nothing.
 *
 * @param options How to write, and whether to write the head.
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

/** Returns the head of a response as text, without the version of HTTP, which runtimes do not show. */
function headText({ status, statusText, headers }: OpenAnswer): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${status} ${statusText}`.trim(), ...lines, "", ""].join("\r\n");
}
