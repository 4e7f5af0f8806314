/**
 * Builds the request for a session's file: its URL below the mirrors, and its schema.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { BatchOptions, RequestOptions, RequestSpec } from "../client/request.ts";
import type { Clock } from "../primitives/clock.ts";
import type { StandardSchemaV1 } from "../schemas/standard_schema.ts";
import { fileUrl } from "./path.ts";
import { schemaOf } from "./payload.ts";
import { inPython } from "./python_json.ts";

/** Options of one F1 request: those of any request, except those that follow from the path. */
export type F1RequestOptions = Omit<RequestOptions, "schema" | "as">;

/** Options of many F1 requests: the options of one request apply to each of them. */
export type F1BatchOptions = F1RequestOptions & Pick<BatchOptions, "concurrency">;

/** Options of methods that load files driver by driver. */
export type F1DriversOptions = F1BatchOptions & {
  /**
   * The drivers to load, as in {@linkcode F1Session.driver}; any name but a three-letter code needs the list of drivers.
   * @default {all drivers of the session}
   */
  readonly drivers?: readonly (string | number)[] | undefined;
};

/** The context that all requests of a source share. */
export interface SourceContext {
  readonly client: Client;
  readonly clock: Clock;
  /** Whether payloads are checked if a request does not have the option `validate`. */
  readonly validate: boolean;
}

/** Accepts every payload, for files of which no schema is known. */
const anyPayload: StandardSchemaV1 = inPython({
  "~standard": { version: 1, vendor: "slipstream", validate: (value: unknown) => ({ value }) },
});

/**
 * Builds the request for a session's file. It has a schema in any case, which also says how to parse the file.
 *
 * @param context The source.
 * @param folder The session's folder.
 * @param path The file's path inside the folder.
 * @param options The caller's options.
 * @returns The request; with `validate: false` if the payload is not to be checked.
 * @throws {TypeError} If a segment of `path` is not plain.
 */
export function payloadRequest(
  context: SourceContext,
  folder: string,
  path: string,
  options: F1RequestOptions = {},
): RequestSpec {
  const url = fileUrl(folder, path);
  const schema = schemaOf(path) ?? anyPayload;
  return options.validate ?? context.validate ? { url, schema } : { url, schema, validate: false };
}
