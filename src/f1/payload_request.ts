/**
 * How a session's file is asked for: its URL below the mirrors, and its schema.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { BatchOptions, RequestOptions, RequestSpec } from "../client/request.ts";
import type { Clock } from "../primitives/clock.ts";
import { fileUrl } from "./path.ts";
import { schemaOf } from "./payload.ts";

/** Options of one F1 request: those of any request, except for what the path decides. */
export type F1RequestOptions = Omit<RequestOptions, "schema" | "as">;

/** Options of many F1 requests: those of one hold for each of them. */
export type F1BatchOptions = F1RequestOptions & Pick<BatchOptions, "concurrency">;

/** Options of what is loaded driver by driver. */
export type F1DriversOptions = F1BatchOptions & {
  /**
   * The drivers that are wanted, as in {@linkcode F1Session.driver}; only what is no code is looked up.
   * @default {all drivers of the session}
   */
  readonly drivers?: readonly (string | number)[] | undefined;
};

/** What all requests of a source share. */
export interface SourceContext {
  readonly client: Client;
  readonly clock: Clock;
  /** Whether payloads are checked when a request does not say. */
  readonly validate: boolean;
}

/**
 * The request for a session's file.
 *
 * @param context The source.
 * @param folder The session's folder.
 * @param path The file's path inside the folder.
 * @param options What the caller asked for.
 * @returns The request; without a schema when nothing is to be checked.
 * @throws {TypeError} If `path` is not plain.
 */
export function payloadRequest(
  context: SourceContext,
  folder: string,
  path: string,
  options: F1RequestOptions = {},
): RequestSpec {
  const url = fileUrl(folder, path);
  const schema = options.validate ?? context.validate ? schemaOf(path) : undefined;
  return schema === undefined ? { url } : { url, schema };
}
