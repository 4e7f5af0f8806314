/**
 * Where bodies go: into files, or to stdout.
 *
 * @module
 */

import type { Outcome } from "../client/outcome.ts";
import { redactUserInfo } from "../http/url.ts";
import type { Input } from "./inputs.ts";
import { ndjsonLine } from "./ndjson.ts";
import { errorRecord } from "./error_record.ts";
import type { OutputFolder } from "./output_folder.ts";
import { outputPath } from "./output_path.ts";
import { PathClaims } from "./path_claims.ts";
import type { Run } from "./run.ts";

/** The body of a response. */
export type Body = Uint8Array<ArrayBuffer>;

/** Where the outcomes of `get` go. */
export interface Sink {
  /**
   * Called once for each input that can be fetched, in input order.
   *
   * @returns What `put` gets back for its outcome.
   */
  plan(input: Input): readonly string[];
  /**
   * Takes an outcome.
   *
   * @param text The URL as it was given.
   * @throws {Error} If a body can't be written: that input has failed then.
   */
  put(outcome: Outcome<Body>, text: string, path: readonly string[]): Promise<void>;
}

const NO_PATH: readonly string[] = [];

/** A body goes to stdout as it is; of a failure nothing does. */
export function bodySink(run: Run): Sink {
  return {
    plan: () => NO_PATH,
    put: async (outcome) => {
      if (outcome.ok) await run.put(outcome.value);
    },
  };
}

/** Every outcome is a line of JSON on stdout, failures too. Of the URL, which is as it was given, only the user info is left out. */
export function ndjsonSink(run: Run): Sink {
  return {
    plan: () => NO_PATH,
    put: (outcome, text) => {
      const { attempts } = outcome;
      const url = redactUserInfo(text);
      const durationMs = Math.round(outcome.durationMs * 10) / 10;
      return run.put(
        outcome.ok
          ? ndjsonLine({ url, ok: true, from: outcome.from, attempts, durationMs }, outcome.value)
          : ndjsonLine({ url, ok: false, attempts, durationMs, error: errorRecord(outcome.error) }),
      );
    },
  };
}

/** A body becomes a file, named after its URL. */
export function folderSink(folder: OutputFolder): Sink {
  const claims = new PathClaims();
  return {
    plan: ({ url }) => claims.claim(outputPath(url), url.href.slice(0, url.href.length - url.hash.length)),
    put: async (outcome, _text, path) => {
      if (outcome.ok) await folder.write(path, outcome.value);
    },
  };
}
