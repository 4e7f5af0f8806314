/**
 * Checks and prepares a request, once, before its first attempt.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { objectTag } from "../primitives/object_tag.ts";
import { isIdempotentMethod } from "./classify.ts";
import { type HeaderInput, type HeaderMap, isToken, mergeHeaders, toHeaderMap } from "./headers.ts";
import { isAsyncIterable, iterableBody } from "./iterable_body.ts";
import { jsonBody, ownJson } from "./json_body.ts";
import { ownBody } from "./own_body.ts";
import { ownQuery, type QueryInit, withQuery } from "./query.ts";
import { isAbsoluteUrl, isUrl, type OriginIndex, resolveUrl, splitUserInfo } from "./url.ts";

/** A request as the caller has passed it. */
export interface RequestInput {
  readonly url: string | URL;
  readonly method?: string | undefined;
  readonly headers?: HeaderInput | undefined;
  readonly body?: BodyInit | ArrayBufferView | AsyncIterable<Uint8Array> | null | undefined;
  /** A value to send as JSON, in place of a body. */
  readonly json?: unknown;
  /** Parameters to add to the URL. */
  readonly query?: QueryInit | undefined;
  /** Other members of `RequestInit`, which `fetch` gets unchanged. */
  readonly init?: RequestInit | undefined;
}

/** The JSON value and the query parameters of a batch, for each of its requests that does not set its own. */
export type RequestAdditions = Pick<RequestInput, "json" | "query">;

/** Copies additions for requests that are prepared later. */
export function ownAdditions({ json, query }: RequestAdditions): RequestAdditions {
  return {
    json: json === undefined ? undefined : ownJson(json),
    query: query === undefined ? undefined : ownQuery(query),
  };
}

/** What a request gets from its client and its batch. */
export interface RequestContext {
  /** The origins that the client already knows. */
  readonly origins: OriginIndex;
  /** The base of relative URLs; absent if mirrors complete them, or if there is no base. */
  readonly baseUrl?: string | undefined;
  /** The headers of the batch; the request's own headers replace them. */
  readonly headers: HeaderMap;
  /** The additions of the batch; absent for none. */
  readonly additions?: RequestAdditions | undefined;
  /** Whether the request may be sent twice. If absent, its method or an `idempotency-key` decides. */
  readonly idempotent: boolean | undefined;
  /** Whether a `fetch` of the caller's sends the request, which may know more methods than the runtime. */
  readonly hasOwnFetch?: boolean | undefined;
}

/** A checked request, ready to be sent. */
export interface PreparedRequest {
  /** The method, upper case. */
  readonly method: string;
  /** The URL; relative if mirrors complete it. */
  readonly url: string;
  readonly absolute: boolean;
  /** The origin of an absolute URL, if the client already knew it; else it must still be found. */
  readonly origin: string | undefined;
  /** The headers of the request and its batch; those of the client and the mirror are added later. */
  readonly headers: HeaderMap;
  readonly body: BodyInit | null;
  /** Whether the body is a value serialized as JSON; absent if it is not. */
  readonly isJson?: boolean | undefined;
  /** Whether the request may be sent a second time: it is idempotent, and its body can be sent again. */
  readonly repeatable: boolean;
  readonly init: RequestInit | undefined;
  /**
   * Lower-case names of headers that are never sent with this request, from whichever source, because they are for another
   * origin.
   */
  readonly withheld?: ReadonlySet<string> | undefined;
}

/** Methods that every runtime sends as they are. */
const USUAL_METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);
/** Methods that the fetch standard forbids. */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * Checks and prepares a request.
 *
 * @param input The request.
 * @param context What it gets from its client and its batch.
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
  // A URL with a known origin is absolute and has no user info.
  const credentials = origin === undefined ? splitUserInfo(resolved) : undefined;
  const url = credentials?.url ?? resolved;
  const value = input.json === undefined ? additions?.json : input.json;
  const isJson = value !== undefined;
  const method = input.method === undefined
    ? isJson ? "POST" : "GET"
    : checkMethod(input.method, context.hasOwnFetch);
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

function checkMethod(method: unknown, hasOwnFetch = false): string {
  if (typeof method !== "string" || !isToken(method)) {
    throw new TypeError(`Cannot fetch as 'method' must be a token: received '${String(method)}'`);
  }
  const upper = method.toUpperCase();
  const isSendable = USUAL_METHODS.has(upper) ||
    (hasOwnFetch ? !FORBIDDEN_METHODS.has(upper) : canSend(upper));
  if (!isSendable) {
    throw new TypeError(`Cannot fetch as 'method' must be one that fetch can send: received '${method}'`);
  }
  return upper;
}

/**
 * Returns whether the runtime sends a method. Bun would send a GET in place of a method that it does not know.
 *
 * @param method The method: a token in upper case.
 */
export function canSend(method: string): boolean {
  if (FORBIDDEN_METHODS.has(method)) return false;
  try {
    return new Request("http://localhost/", { method }).method === method;
  } catch {
    // A runtime that refuses the method here does not send it either.
    return false;
  }
}

/** The types of another realm, such as a frame, that can be sent like those of this realm. */
const SENDABLE: ReadonlySet<string> = new Set(["ArrayBuffer", "Blob", "File", "FormData", "URLSearchParams"]);

/**
 * Whether a body is of another realm and can be sent. The runtime would send an object of another implementation as a text such
 * as `[object FormData]`; Deno would take a form for an iterable of bytes.
 */
function isForeign(body: unknown): boolean {
  if (!SENDABLE.has(objectTag(body))) return false;
  const typeOf = (body: unknown): string | null => new Response(body as BodyInit).headers.get("content-type");
  const type = typeOf(body);
  return type !== typeOf("text") && (type !== null || !(Symbol.iterator in (body as object)));
}

/** Checks a body, and copies it if the caller could still change it. An async iterable becomes a stream. */
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
