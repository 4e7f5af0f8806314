/**
 * What options may be: checked once, before they have any effect, with messages that name the option and the rule.
 *
 * @module
 */

import * as v from "valibot";
import type { Settings } from "../policies/settings.ts";
import { clientEntries, rulesOf, sharedEntries } from "./client_option_rules.ts";
import type { Elsewhere } from "../http/option_hints.ts";
import type { ClientOptions } from "./options.ts";
import {
  callable,
  count,
  flag,
  isBare,
  isUrl,
  number,
  optionalAny,
  positiveInteger,
  positiveMs,
  refused,
  strict,
  unless,
} from "./option_rules.ts";
import { SETTINGS } from "./settings.ts";

/**
 * Checks the options of a client. What a primitive is made of is checked by the primitive itself.
 *
 * @param options The options.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkClientOptions(options: unknown): void {
  check(clientSchema, options, "create client");
  const { fetch, transport } = options as ClientOptions;
  if (fetch === undefined || transport === undefined) return;
  throw new TypeError(
    "Cannot create client as 'transport' must be left out beside 'fetch': either sends the requests",
  );
}

/**
 * Checks the options of an extension of a client.
 *
 * @param options The options.
 * @throws {TypeError} If an option does not exist, has the wrong type, or is one of those that clients share with their extensions.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkExtendOptions(options: unknown): void {
  check(extendSchema, options, "extend client");
}

/** What options belong to: a single request, a batch, a stream of items, or a request that has them with it. */
export type OptionsOf = "call" | "batch" | "lines" | "events" | "pages" | "request";

/**
 * Checks the options of a request or a batch, or a whole request.
 *
 * @param options The options.
 * @param of What they belong to.
 * @throws {TypeError} If an option does not exist, belongs somewhere else or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkRequestOptions(options: unknown, of: OptionsOf): void {
  check(requestSchemas[of], options, "fetch");
}

function check(schema: v.GenericSchema, options: unknown, purpose: string): void {
  const result = v.safeParse(schema, options, { abortEarly: true });
  if (result.success) return;
  const [issue] = result.issues;
  const name = v.getDotPath(issue);
  const value = issue.path === undefined ? options : issue.path[issue.path.length - 1]!.value;
  // Headers and URLs may hold credentials.
  const received = typeof value === "string" && /^(headers|baseUrls)/.test(name ?? "")
    ? "a string"
    : describe(value);
  if (name === null) {
    throw new TypeError(
      `Cannot ${purpose} as the options ${issue.message}: received ${describeOptions(options)}`,
    );
  }
  // The message of a member that is too many says it all.
  if (issue.expected === "never") throw new TypeError(`Cannot ${purpose} as '${name}' ${issue.message}`);
  const message = `Cannot ${purpose} as '${name}' ${issue.message}: received ${received}`;
  const outOfRange = issue.kind === "validation" || issue.expected?.includes("number");
  throw typeof value === "number" && outOfRange ? new RangeError(message) : new TypeError(message);
}

/** What was given instead of options, and how to give that. */
function describeOptions(value: unknown): string {
  if (typeof value === "string") return "a string";
  if (value instanceof AbortSignal) return "an AbortSignal; give it as { signal }";
  if (value instanceof Headers) return "Headers; give them as { headers }";
  return describe(value);
}

function describe(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  if (value === null || typeof value !== "object") {
    return typeof value === "function" ? "a function" : String(value);
  }
  return Array.isArray(value) ? "an array" : `an object of ${value.constructor?.name ?? "no class"}`;
}

/** What only many requests have. */
const batchEntries = {
  batchTimeoutMs: v.optional(positiveMs),
  concurrency: v.optional(positiveInteger),
  ordered: v.optional(flag),
  prefetch: v.optional(count),
};

/** What only a request has. */
const specEntries = {
  url: v.optional(v.custom(isUrl, "must be a string or a URL")),
  method: v.optional(v.string("must be a string")),
  body: v.optional(v.any()),
  key: v.optional(v.string("must be a string")),
};

/** What all requests have, one by one or in a batch. */
const requestEntries = {
  ...sharedEntries,
  ...optionalAny("json", "query"),
  ...rulesOf(Object.keys(SETTINGS) as (keyof Settings)[]),
};

/** What `fetch` takes besides, and clients hand on for `client.fetch` only. */
const FETCH_ONLY = ["redirect", "credentials", "mode", "integrity", "keepalive", "referrer", "duplex"];

const textual = v.optional(v.picklist(["json", "text"], "must be 'json' or 'text'"));

/** What only the lines of a body have. */
const linesEntries = { as: textual, maxLineBytes: v.optional(positiveInteger) };

const RECONNECT = "must be false, or an object such as { maxAttempts: 5 }";
const attempts: v.GenericSchema = number(
  "a positive integer, or Infinity",
  (value) => value === Infinity || (Number.isInteger(value) && value > 0),
);
/** What only a stream of events has. */
const eventsEntries = {
  as: textual,
  reconnect: v.optional(
    unless((value) => value === false, strict({ maxAttempts: v.optional(attempts) }, RECONNECT)),
  ),
  lastEventId: v.optional(v.string("must be a string")),
  doneData: v.optional(v.string("must be a string")),
  maxEventBytes: v.optional(positiveInteger),
};

/** What only pages have. */
const pagesEntries = {
  next: v.optional(callable),
  maxPages: v.optional(unless((value) => value === Infinity, positiveInteger)),
  prefetch: v.optional(v.picklist([0, 1], "must be 0 or 1")),
};

/** What only a transport has. */
const TRANSPORT_ONLY = [
  "proxy",
  "dns",
  "http2",
  "keepAlive",
  "caCerts",
  "clientCertificate",
  "connectTimeoutMs",
  "maxIdleConnections",
];
const TO_TRANSPORT = "give it to createTransport() of @slipstream/fetch/transport, and that as { transport }";
const TO_FETCH = "give it to client.fetch(url, init)";
const TO_STREAM = "give it to stream()";
const TO_BATCHES = "give it to all(), settle(), stream() or record()";
/** Where single requests have no use for what batches take. */
const TO_BATCH: Elsewhere = {
  batchTimeoutMs: TO_BATCHES,
  concurrency: "give it to createClient(), or to all(), settle(), stream() or record()",
  ordered: TO_STREAM,
  prefetch: TO_STREAM,
};

const { prefetch: _, ...withoutPrefetch } = TO_BATCH;

/** Where a request has what its options do not take. */
const TO_REQUEST: Elsewhere = elsewhere(Object.keys(specEntries), toRequest);
/** Where options are for that only a client takes, or only `fetch`. */
const TO_OTHERS: Elsewhere = {
  ...elsewhere(Object.keys(clientEntries), () => "give it to createClient()", [
    ...Object.keys(requestEntries),
    "concurrency",
  ]),
  ...elsewhere(FETCH_ONLY, () => TO_FETCH),
};

/** Where options are for that a client does not take. */
const FROM_CLIENT: Elsewhere = {
  ...elsewhere(Object.keys(requestEntries), () => "give it to each request", Object.keys(clientEntries)),
  ...TO_REQUEST,
  ...elsewhere(TRANSPORT_ONLY, () => TO_TRANSPORT),
  onOpen: "put it into 'circuitBreaker'",
  patienceMs: "put it into 'circuitBreaker'",
  ordered: TO_STREAM,
  prefetch: TO_STREAM,
  batchTimeoutMs: TO_BATCHES,
};

const clientSchema = v.pipe(
  v.custom(isBare, "must be an object"),
  strict(clientEntries, "must be an object", FROM_CLIENT),
);

/** What clients share with their extensions. */
const SHARED = [
  "backoff",
  "circuitBreaker",
  "clock",
  "concurrency",
  "fetch",
  "maxRetryAfterMs",
  "maxWaiting",
  "pauseOn429",
  "perOrigin",
  "random",
  "rateLimit",
  "retryBudget",
  "transport",
];
const ofExtensions = Object.entries(clientEntries).filter(([name]) => !SHARED.includes(name));

const extendSchema = v.pipe(
  v.custom(isBare, "must be an object"),
  strict(Object.fromEntries(ofExtensions), "must be an object", {
    ...FROM_CLIENT,
    ...elsewhere(
      SHARED,
      () => "give it to createClient(): an extension shares it with the client that it comes from",
    ),
  }),
);

const requestSchemas: Readonly<Record<OptionsOf, v.GenericSchema>> = {
  call: optionsObject({ ...TO_BATCH, ...TO_REQUEST }, requestEntries),
  lines: optionsObject({ ...TO_BATCH, ...TO_REQUEST }, { ...requestEntries, ...linesEntries }),
  events: optionsObject({ ...TO_BATCH, ...TO_REQUEST }, { ...requestEntries, ...eventsEntries }),
  pages: optionsObject({ ...withoutPrefetch, ...TO_REQUEST }, { ...requestEntries, ...pagesEntries }),
  batch: optionsObject(TO_REQUEST, { ...requestEntries, ...batchEntries }),
  request: strict(
    { ...requestEntries, ...specEntries, ...refused({ ...TO_BATCH, redirect: TO_FETCH }) },
    "must be an object",
    { ...TO_OTHERS, ...TO_BATCH },
  ),
};

function toRequest(name: string): string {
  return `put '${name}' into the request: ${name === "url" ? "{ url }" : `{ url, ${name} }`}`;
}

/** What to say of each of these names, but for some. */
function elsewhere(
  names: readonly string[],
  advice: (name: string) => string,
  except: readonly string[] = [],
): Elsewhere {
  return Object.fromEntries(
    names.filter((name) => !except.includes(name)).map((name) => [name, advice(name)]),
  );
}

/** Options, of which some are refused. An array, a `Request` or a signal has no options in it, and would be ignored. */
function optionsObject(
  unwanted: Elsewhere,
  entries: Readonly<Record<string, v.GenericSchema>>,
): v.GenericSchema {
  const message = "must be an object such as { timeoutMs: 5000 }";
  return v.pipe(
    v.custom(isBare, message),
    strict({ ...entries, ...refused({ ...unwanted, redirect: TO_FETCH }) }, message, {
      ...TO_OTHERS,
      ...unwanted,
    }),
  );
}
