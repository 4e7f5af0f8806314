/**
 * Functions for scripts, each of which creates a client, uses it, and closes it.
 *
 * @module
 */

import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";
import type { Client } from "./client.ts";
import { createClient } from "./create_client.ts";
import { checkRequestOptions } from "./option_checks.ts";
import { isBare } from "./option_rules.ts";
import type { ClientOptions } from "./options.ts";
import type { Outcome, OutcomesOf } from "./outcome.ts";
import type {
  BatchOptions,
  CallOptions,
  FetchRequest,
  OnlyOptions,
  OnlyRequests,
  RequestOf,
  RequestSource,
  RequestSpec,
  ValueOf,
  ValuesOf,
  WithSchema,
} from "./request.ts";

/** Options of a single request that makes its own client. */
export type OneCallOptions = CallOptions & { readonly client?: ClientOptions | undefined };

/** Options of a batch that makes its own client. */
export type OneCallBatchOptions = BatchOptions & { readonly client?: ClientOptions | undefined };

/**
 * Fetches one JSON resource with a client of its own. Code that fetches more than once should keep a client, which remembers
 * connections, limits and failures.
 *
 * @param request The request.
 * @param options Options of the request; those of the client under `client`.
 * @returns The same as `client.json`; rejects as that does, and for options of the client as `createClient` throws.
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
export function fetchJson<S extends StandardSchemaV1>(
  request: WithSchema<RequestSpec, S>,
  options?: OneCallOptions,
): Promise<InferOutput<S>>;
/** Fetches one JSON resource with a client of its own, and validates it by a schema in the options. */
export function fetchJson<S extends StandardSchemaV1>(
  request: FetchRequest,
  options: WithSchema<OneCallOptions, S>,
): Promise<InferOutput<S>>;
/** Fetches one JSON resource of a type that the caller states and the client does not check; `unknown` by default. */
export function fetchJson<T = unknown>(request: FetchRequest, options?: OneCallOptions): Promise<NoInfer<T>>;
export async function fetchJson(request: FetchRequest, options?: OneCallOptions): Promise<unknown> {
  const { client: clientOptions, ...requestOptions } = checked<OneCallOptions>(options);
  return await withClient(clientOptions, (client) => client.json(request, requestOptions));
}

/**
 * Fetches many resources with a client of their own.
 *
 * @param requests The requests.
 * @param options Options of the batch; those of the client under `client`.
 * @returns The outcomes in input order, as `client.settle` gives them; rejects as that does, and for options of the client as
 * `createClient` throws.
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
export async function fetchMany<
  const R extends RequestSource,
  const O extends OneCallBatchOptions = OneCallBatchOptions,
>(
  requests: R & OnlyRequests<R>,
  options?: OnlyOptions<O, OneCallBatchOptions>,
): Promise<OutcomesOf<ValuesOf<R, O>>> {
  const { client: clientOptions, ...batchOptions } = checked<OneCallBatchOptions>(options);
  const outcomes = await withClient(
    clientOptions,
    (client) => client.settle<RequestSource>(requests, batchOptions),
  );
  return outcomes as OutcomesOf<ValuesOf<R, O>>;
}

/**
 * Fetches many resources with a client of their own, and yields outcomes as they come.
 *
 * @param requests The requests. The client pulls each one when it can start it and the consumer keeps up.
 * @param options Options of the batch; those of the client under `client`.
 * @returns The outcomes, as `client.stream` yields them. Leaving the loop closes the client. Throws as `client.stream` does, and
 * for options of the client as `createClient` does.
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
export async function* fetchStream<
  const R extends RequestSource,
  const O extends OneCallBatchOptions = OneCallBatchOptions,
>(
  requests: R & OnlyRequests<R>,
  options?: OnlyOptions<O, OneCallBatchOptions>,
): AsyncGenerator<Outcome<ValueOf<O, RequestOf<R>>>, void, undefined> {
  const { client: clientOptions, ...batchOptions } = checked<OneCallBatchOptions>(options);
  const client = createClient(clientOptions);
  let isAtEnd = false;
  try {
    yield* client.stream<RequestSource>(requests, batchOptions) as AsyncIterable<
      Outcome<ValueOf<O, RequestOf<R>>>
    >;
    isAtEnd = true;
  } finally {
    await closeAfter(client, isAtEnd);
  }
}

/**
 * Returns options that can be taken apart into those of the client and those of the request. Refuses a value that would be
 * ignored, or spread into letters.
 */
function checked<O extends object>(options: O | undefined): O {
  if (options === undefined) return {} as O;
  if (!isBare(options)) checkRequestOptions(options, "call");
  return options;
}

/** Uses a client, and closes it. The core does without `using`, which not every runtime can parse. */
async function withClient<T>(
  options: ClientOptions | undefined,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = createClient(options);
  let isAtEnd = false;
  try {
    const value = await use(client);
    isAtEnd = true;
    return value;
  } finally {
    await closeAfter(client, isAtEnd);
  }
}

/**
 * Closes a client, and waits until it is closed. It does not wait for requests in flight after a failure, which go on where
 * `fetch` ignores its signal.
 */
async function closeAfter(client: Client, isAtEnd: boolean): Promise<void> {
  const isGivenUp = !isAtEnd && client.stats().inFlight > 0;
  const closing = client.close();
  if (!isGivenUp) await closing;
}
