/**
 * The client in one call, for scripts: made, used, closed.
 *
 * @module
 */

import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import type { BatchOptions, FetchRequest, RequestOptions, RequestSource, ValueOf } from "./request.ts";

/** Options of a single request that makes its own client. */
export type OneCallOptions = RequestOptions & { readonly client?: ClientOptions | undefined };

/** Options of a batch that makes its own client. */
export type OneCallBatchOptions = BatchOptions & { readonly client?: ClientOptions | undefined };

/**
 * Fetches one JSON resource with a client of its own. Who fetches more than once keeps a client: it remembers connections,
 * limits and failures.
 *
 * @param request The request.
 * @param options Options of the request; those of the client under `client`.
 * @returns What `client.json` does.
 *
 * @example One file, checked
 * ```ts
 * import { fetchJson } from "@slipstream/fetch";
 * import * as v from "valibot";
 * import { assertEquals } from "@std/assert";
 *
 * const { name } = await fetchJson("https://example.com/driver.json", {
 *   schema: v.object({ name: v.string() }),
 *   client: { fetch: () => Promise.resolve(Response.json({ name: "Max" })) }, // leave it out to use the network
 * });
 * assertEquals(name, "Max");
 * ```
 */
export async function fetchJson<const O extends OneCallOptions = OneCallOptions>(
  request: FetchRequest,
  options?: O,
): Promise<O extends { readonly schema: infer S extends StandardSchemaV1 } ? InferOutput<S> : unknown> {
  const { client: clientOptions, ...requestOptions } = options ?? {} as OneCallOptions;
  await using client = createClient(clientOptions);
  return await client.json(request, requestOptions) as never;
}

/**
 * Fetches many resources with a client of their own.
 *
 * @param requests The requests.
 * @param options Options of the batch; those of the client under `client`.
 * @returns The outcomes in input order, as `client.settle` gives them.
 *
 * @example Ten files, each with its outcome
 * ```ts
 * import { fetchMany } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const urls = Array.from({ length: 10 }, (_, index) => `https://example.com/${index}.json`);
 * const outcomes = await fetchMany(urls, {
 *   client: { concurrency: 4, fetch: () => Promise.resolve(Response.json([])) },
 * });
 * assertEquals(outcomes.filter((outcome) => outcome.ok).length, 10);
 * ```
 */
export async function fetchMany<const O extends OneCallBatchOptions = OneCallBatchOptions>(
  requests: RequestSource,
  options?: O,
): Promise<Outcome<ValueOf<O>>[]> {
  const { client: clientOptions, ...batchOptions } = options ?? {} as OneCallBatchOptions;
  await using client = createClient(clientOptions);
  return await client.settle(requests, batchOptions) as Outcome<ValueOf<O>>[];
}

/**
 * Fetches many resources with a client of their own, and yields outcomes as they come.
 *
 * @param requests The requests; pulled as they can be started and taken.
 * @param options Options of the batch; those of the client under `client`.
 * @returns The outcomes, as `client.stream` gives them. The client is closed when the loop is left.
 *
 * @example As completed
 * ```ts
 * import { fetchStream } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * const urls = ["https://example.com/a.json", "https://example.com/b.json"];
 * for await (const outcome of fetchStream(urls, { client: { fetch: () => Promise.resolve(Response.json(1)) } })) {
 *   assert(outcome.ok);
 * }
 * ```
 */
export async function* fetchStream<const O extends OneCallBatchOptions = OneCallBatchOptions>(
  requests: RequestSource,
  options?: O,
): AsyncGenerator<Outcome<ValueOf<O>>, void, undefined> {
  const { client: clientOptions, ...batchOptions } = options ?? {} as OneCallBatchOptions;
  await using client = createClient(clientOptions);
  yield* client.stream(requests, batchOptions) as AsyncIterable<Outcome<ValueOf<O>>>;
}
