/**
 * Checks requests before the client reads anything of them. The error messages say what to do instead.
 *
 * @module
 */

import { isUrl } from "../http/url.ts";
import { describeKind } from "../primitives/argument_checks.ts";
import { objectTag } from "../primitives/object_tag.ts";
import type { FetchRequest, RequestSource, RequestSpec } from "./request.ts";

/**
 * Checks that a request that is neither a string nor a URL is an object with options; other code checks the options.
 *
 * @param request The request.
 * @throws {TypeError} If it is anything else.
 */
export function checkSpec(request: unknown): asserts request is RequestSpec {
  const advice = adviceOn(request);
  if (typeof request === "object" && request !== null && !Array.isArray(request) && advice === undefined) {
    return;
  }
  throw new TypeError(
    `Cannot fetch as a request must be a URL, or an object { url, … }: received ${describeKind(request)}${
      advice === undefined ? "" : `; ${advice}`
    }`,
  );
}

function adviceOn(request: unknown): string | undefined {
  if (isPromise(request)) return "await it first";
  if (objectTag(request) === "Request") return "give its URL, or use client.fetch() for a Request";
  return undefined;
}

/**
 * Checks that a value is a source of many requests.
 *
 * @param requests The requests.
 * @throws {TypeError} If it is no iterable, or a string, each letter of which would be a request.
 */
export function checkSource(requests: unknown): asserts requests is RequestSource {
  const isIterable = typeof requests === "object" && requests !== null &&
    (Symbol.iterator in requests || Symbol.asyncIterator in requests);
  if (isIterable) return;
  const advice = isPromise(requests)
    ? "; await it first"
    : isOne(requests)
    ? "; put it into an array, or use client.json() for one request"
    : "";
  throw new TypeError(
    `Cannot fetch many as the requests must be an iterable or async iterable: received ${
      describeKind(requests)
    }${advice}`,
  );
}

/**
 * Returns the requests of a record with their names, in order.
 *
 * @param requests An object, or a map with strings as keys.
 * @throws {TypeError} If it is anything else, whose members are not the requests that the caller meant.
 */
export function namedRequests(requests: unknown): [name: string, request: FetchRequest][] {
  if (objectTag(requests) === "Map") {
    const entries = [...requests as ReadonlyMap<string, FetchRequest>];
    for (const [name] of entries) {
      if (typeof name === "string") continue;
      throw new TypeError(
        `Cannot fetch a record as the keys of the map must be strings: received ${describeKind(name)}`,
      );
    }
    return entries;
  }
  const isRecord = typeof requests === "object" && requests !== null && !isPromise(requests) &&
    !(Symbol.iterator in requests) && !(Symbol.asyncIterator in requests) && objectTag(requests) === "Object";
  if (isRecord) return Object.entries(requests);
  const advice = isPromise(requests)
    ? "; await it first"
    : typeof requests === "object" && requests !== null && Symbol.iterator in requests
    ? "; use client.settle() for requests without names"
    : "";
  throw new TypeError(
    `Cannot fetch a record as the requests must be an object { name: request }, or a Map: received ${
      describeKind(requests)
    }${advice}`,
  );
}

function isOne(value: unknown): boolean {
  return isUrl(value) || objectTag(value) === "Request" ||
    (typeof value === "object" && value !== null && "url" in value);
}

function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
