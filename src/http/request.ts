/**
 * A request, checked and put in order before the first attempt: what is wrong with it is found here, once.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { objectTag } from "../primitives/object_tag.ts";
import { isIdempotentMethod } from "./classify.ts";
import { type HeaderInput, type HeaderMap, mergeHeaders, toHeaderMap } from "./headers.ts";
import { isAsyncIterable, iterableBody } from "./iterable_body.ts";
import { jsonBody } from "./json_body.ts";
import { ownBody } from "./own_body.ts";
import { type QueryInit, withQuery } from "./query.ts";
import { isToken } from "./token.ts";
import { isAbsoluteUrl, isUrl, type OriginIndex, resolveUrl, splitUserInfo } from "./url.ts";

/** A request as a caller gave it. */
export interface RequestInput {
  readonly url: string | URL;
  readonly method?: string | undefined;
  readonly headers?: HeaderInput | undefined;
  readonly body?: BodyInit | AsyncIterable<Uint8Array> | null | undefined;
  /** A value to send as JSON, in place of a body. */
  readonly json?: unknown;
  /** Parameters to add to the URL. */
  readonly query?: QueryInit | undefined;
  /** Other members of `RequestInit`, handed to `fetch` as they are. */
  readonly init?: RequestInit | undefined;
}

/** What is added to each request of a batch, as far as it says nothing else itself. */
export type RequestAdditions = Pick<RequestInput, "json" | "query">;

/** What surrounds a request. */
export interface RequestContext {
  /** The origins that have been met. */
  readonly origins: OriginIndex;
  /** What relative URLs resolve against; absent where mirrors complete them, or nothing does. */
  readonly baseUrl?: string | undefined;
  /** Headers of what the request is a part of; its own replace them. */
  readonly headers: HeaderMap;
  /** What is added to what the request is a part of. */
  readonly additions?: RequestAdditions | undefined;
  /** Whether it may be sent twice; its method decides when nothing was said. */
  readonly idempotent: boolean | undefined;
}

/** A request that can be sent. */
export interface PreparedRequest {
  /** The method, upper case. */
  readonly method: string;
  /** The URL; relative when mirrors complete it. */
  readonly url: string;
  readonly absolute: boolean;
  /** The origin of an absolute URL whose origin was known; the others' is still to be found. */
  readonly origin: string | undefined;
  /** The request's own headers; the client's and the mirror's come on top. */
  readonly headers: HeaderMap;
  readonly body: BodyInit | null;
  /** Whether the body is a value that was written as JSON; absent if it is not. */
  readonly isJson?: boolean | undefined;
  /** Whether it may be sent a second time: that does no harm, and the body is still there. */
  readonly repeatable: boolean;
  readonly init: RequestInit | undefined;
  /** Lower-case names of headers that are not sent, wherever they come from: they are for another origin. */
  readonly withheld?: ReadonlySet<string> | undefined;
}

const FORBIDDEN_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * Checks a request and puts it in order.
 *
 * @param input The request.
 * @param context What surrounds it.
 * @returns The request, ready for any number of attempts.
 * @throws {TypeError} If the method, a header or the body can't be sent.
 */
export function prepareRequest(input: RequestInput, context: RequestContext): PreparedRequest {
  const { additions } = context;
  const written = typeof input.url === "string" ? input.url : urlText(input.url);
  const isPlain = input.query === undefined && additions?.query === undefined;
  const asked = isPlain ? written : withQuery(written, input.query, additions?.query);
  const resolved = resolveUrl(asked, context.baseUrl);
  const origin = context.origins.find(resolved);
  // What is known is absolute and has no user info.
  const credentials = origin === undefined ? splitUserInfo(resolved) : undefined;
  const url = credentials?.url ?? resolved;
  const value = input.json === undefined ? additions?.json : input.json;
  const isJson = value !== undefined;
  const method = input.method === undefined ? isJson ? "POST" : "GET" : checkMethod(input.method);
  const { authorization } = credentials ?? {};
  let headers = authorization === undefined
    ? context.headers
    : mergeHeaders(context.headers, { authorization });
  if (input.headers !== undefined) headers = mergeHeaders(headers, toHeaderMap(input.headers, "the request"));
  if (isJson && input.body !== undefined && input.body !== null) {
    throw new TypeError("Cannot fetch as a request must have either 'json' or 'body', and not both");
  }
  const given = isJson ? jsonBody(value) : input.body ?? null;
  const body = given === null ? null : sendableBody(given, method);
  const idempotent = context.idempotent ?? (isIdempotentMethod(method) || "idempotency-key" in headers);
  return {
    method,
    url,
    absolute: origin !== undefined || isAbsoluteUrl(url),
    origin,
    headers,
    body,
    isJson,
    repeatable: idempotent && !(body instanceof ReadableStream),
    init: input.init,
  };
}

function urlText(url: unknown): string {
  if (isUrl(url)) return String(url);
  throw new TypeError(`Cannot fetch as the URL must be a string or a URL: received ${describeKind(url)}`);
}

function checkMethod(method: unknown): string {
  if (typeof method !== "string" || !isToken(method)) {
    throw new TypeError(`Cannot fetch as 'method' must be a token: received '${String(method)}'`);
  }
  const upper = method.toUpperCase();
  if (FORBIDDEN_METHODS.has(upper)) {
    throw new TypeError(`Cannot fetch as 'method' must be one that fetch can send: received '${method}'`);
  }
  return upper;
}

/** What of another realm, such as that of a frame, is sent as one's own would be. */
const SENDABLE: ReadonlySet<string> = new Set(["ArrayBuffer", "Blob", "File", "FormData", "URLSearchParams"]);

/** Whether a body is of another realm. Of another implementation's, the runtime would send a text such as `[object FormData]`. */
function isForeign(body: unknown): boolean {
  if (!SENDABLE.has(objectTag(body))) return false;
  const typeOf = (body: unknown): string | null => new Response(body as BodyInit).headers.get("content-type");
  return typeOf(body) !== typeOf("text");
}

/** Checks a body, and makes it one that its caller can't change any more; an async iterable becomes a stream. */
function sendableBody(body: unknown, method: string): BodyInit {
  if (method === "GET" || method === "HEAD") {
    throw new TypeError(`Cannot fetch as a ${method} request must not have a 'body'`);
  }
  const isSendable = typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body) ||
    body instanceof URLSearchParams || body instanceof FormData || body instanceof Blob ||
    body instanceof ReadableStream || isForeign(body);
  if (body instanceof ReadableStream && body.locked) {
    throw new TypeError("Cannot fetch as 'body' must be a stream without a reader: received a locked one");
  }
  if (isSendable) return ownBody(body as BodyInit);
  if (isAsyncIterable(body)) return iterableBody(body);
  throw new TypeError(
    `Cannot fetch as 'body' must be text, bytes, a form, a Blob or a stream: received ${describeKind(body)}` +
      (typeof body === "object" ? "; give JSON as 'json'" : ""),
  );
}
