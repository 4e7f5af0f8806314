/**
 * The resources of the simulated CDN.
 *
 * @module
 */

import { assertKnownOptions } from "../http/option_hints.ts";
import { shapeError } from "../primitives/argument_checks.ts";
import { objectTag } from "../primitives/object_tag.ts";
import type { CdnRequest } from "../middleware/faults/cdn_request.ts";
import { type Answer, textAnswer } from "../middleware/faults/faulty_answer.ts";

/** A resource with more options than its content. Give either `body` or `json`. */
export interface Resource {
  /** The content. */
  readonly body?: string | Uint8Array | undefined;
  /** The content, as a value to write as JSON. */
  readonly json?: unknown;
  /**
   * The status.
   *
   * @default {200}
   */
  readonly status?: number | undefined;
  /** Further headers. Without a `content-type`, the type follows from the content and the path's ending. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The entity tag, with its quotes. The response carries it, and a request whose `if-none-match` names it gets a 304. */
  readonly etag?: string | undefined;
  /**
   * Whether the body is sent in chunks without an announced length (`transfer-encoding: chunked`).
   *
   * @default {false}
   */
  readonly chunked?: boolean | undefined;
}

/** Text, bytes, or a {@linkcode Resource}. */
export type ResourceContent = string | Uint8Array | Resource;

/**
 * The resources by URL: an object or map from percent-encoded paths (with or without the query), or a function. A path without a
 * resource, or with `undefined`, is a 404. If the function throws or rejects, the response is a 500 with the error as its body.
 */
export type Resources =
  | Readonly<Record<string, ResourceContent>>
  | ReadonlyMap<string, ResourceContent>
  | ((
    path: string,
    request: CdnRequest,
  ) => ResourceContent | undefined | Promise<ResourceContent | undefined>);

/** Finds the response to a request. */
export type ResourceLookup = (request: CdnRequest) => Answer | Promise<Answer>;

const ACTION = "create simulated CDN";
const NAMES: readonly (keyof Resource)[] = ["body", "json", "status", "headers", "etag", "chunked"];

const encoder = new TextEncoder();

/**
 * Creates a look-up. The content of an object or a map is encoded once, at the first request for it.
 *
 * @throws {TypeError} If `resources` is no object, no map and no function, or the content of a path has the wrong shape.
 */
export function resourceLookup(resources: Resources): ResourceLookup {
  if (typeof resources === "function") {
    return (request) => answerOf(resources, request);
  }
  if (typeof resources !== "object" || resources === null || Array.isArray(resources)) {
    throw shapeError(ACTION, "resources", "an object, a map or a function", resources);
  }
  const contents = resources instanceof Map ? resources : new Map(Object.entries(resources));
  for (const [path, content] of contents) assertContent(content, `resources[${JSON.stringify(path)}]`);
  const encoded = new Map<string, Answer>();
  return (request) => {
    const key = contents.has(request.url) ? request.url : request.path;
    let answer = encoded.get(key);
    if (answer === undefined) {
      const content = contents.get(key);
      answer = toWholeAnswer(content, request.path);
      if (content !== undefined) encoded.set(key, answer);
    }
    return revalidated(answer, request);
  };
}

/** Calls a resource function; a function that fails makes a 500 with the error, as at a real server. */
function answerOf(
  resources: Extract<Resources, (...parameters: never) => unknown>,
  request: CdnRequest,
): Answer | Promise<Answer> {
  try {
    const content = resources(request.path, request);
    return content instanceof Promise
      ? content.then((content) => toAnswer(content, request)).catch(failedAnswer)
      : toAnswer(content, request);
  } catch (error) {
    return failedAnswer(error);
  }
}

function failedAnswer(error: unknown): Answer {
  return textAnswer(500, `The resource function failed: ${error}\n`);
}

function toAnswer(content: ResourceContent | undefined, request: CdnRequest): Answer {
  assertContent(content, "resources()");
  return revalidated(toWholeAnswer(content, request.path), request);
}

/** Throws for a content that the CDN would serve in part, or as nothing. */
function assertContent(content: ResourceContent | undefined, name: string): void {
  if (content === undefined || isText(content)) return;
  if (objectTag(content) !== "Object") {
    throw shapeError(ACTION, name, "a string, a Uint8Array, or an object such as { json: 1 }", content);
  }
  assertKnownOptions(ACTION, content, NAMES, { prefix: `${name}.` });
  const { body } = content;
  if (body !== undefined && !isText(body)) {
    throw shapeError(ACTION, `${name}.body`, "a string or a Uint8Array", body);
  }
}

function isText(content: unknown): content is string | Uint8Array {
  return typeof content === "string" || content instanceof Uint8Array;
}

function toWholeAnswer(content: ResourceContent | undefined, path: string): Answer {
  if (content === undefined) return textAnswer(404, "Not found\n");
  if (isText(content)) {
    return {
      status: 200,
      headers: { "content-type": contentType(content, path) },
      body: toBytes(content),
      isChunked: false,
    };
  }
  const { status = 200, etag, chunked = false, json } = content;
  const body = content.body ?? (json === undefined ? "" : JSON.stringify(json));
  const headers: Record<string, string> = {
    "content-type": json === undefined ? contentType(body, path) : "application/json",
  };
  if (etag !== undefined) headers.etag = etag;
  for (const [name, value] of Object.entries(content.headers ?? {})) headers[name.toLowerCase()] = value;
  return { status, headers, body: toBytes(body), isChunked: chunked };
}

/** Returns a 304 without a body if the client already has the same content (RFC 9110 §13.1.2). */
function revalidated(answer: Answer, request: CdnRequest): Answer {
  const etag = answer.headers.etag;
  if (etag === undefined || answer.status !== 200) return answer;
  const known = request.headers["if-none-match"];
  if (known === undefined || !namesTag(known, etag)) return answer;
  return { ...answer, status: 304, body: new Uint8Array(0) };
}

function namesTag(condition: string, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return condition.trim() === "*" || condition.split(",").some((tag) => opaque(tag) === opaque(etag));
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? encoder.encode(content) : content;
}

function contentType(content: string | Uint8Array, path: string): string {
  if (path.endsWith(".json")) return "application/json";
  if (path.endsWith(".html")) return "text/html;charset=utf-8";
  return typeof content === "string" ? "text/plain;charset=utf-8" : "application/octet-stream";
}
