/**
 * Checks options once, before they have any effect. The error messages name the option and the rule.
 *
 * @module
 */

import type { Elsewhere } from "../http/option_hints.ts";
import { isUrl } from "../http/url.ts";
import type { Settings } from "../policies/settings.ts";
import { describeKind } from "../primitives/argument_checks.ts";
import { clientEntries, mirror, rulesOf, sharedEntries } from "./client_option_rules.ts";
import type { ClientOptions } from "./options.ts";
import {
  both,
  callable,
  count,
  flag,
  hasMethods,
  isBare,
  isFalse,
  number,
  oneOf,
  optionalAny,
  positiveInteger,
  positiveMs,
  required,
  type Rule,
  rule,
  strict,
  text,
  unless,
} from "./option_rules.ts";
import { SETTINGS } from "./settings.ts";

/**
 * Checks the options of a client. Primitives, such as a backoff, check their own options themselves.
 *
 * @param options The options.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkClientOptions(options: unknown): void {
  check(clientRule, options, "create client");
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
 * @throws {TypeError} If an option does not exist, has the wrong type, or is one of those that clients share with their
 * extensions.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkExtendOptions(options: unknown): void {
  check(extendRule(), options, "extend client");
}

/**
 * Checks a mirror that is added to a client.
 *
 * @param options The mirror.
 * @throws {TypeError} If it is neither a URL nor options of a mirror.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkMirror(options: unknown): void {
  check(strict({ mirror: required(mirror) }, ""), { mirror: options }, "add mirror");
}

/** What options belong to: a single request, a batch, a stream of items, or a request that has them with it. */
export type OptionsOf = "call" | "fetch" | "batch" | "lines" | "events" | "pages" | "download" | "request";

/**
 * Checks the options of a request or a batch, or a whole request.
 *
 * @param options The options.
 * @param of What they belong to.
 * @throws {TypeError} If an option does not exist, belongs somewhere else or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkRequestOptions(options: unknown, of: OptionsOf): void {
  check(requestRules[of](), options, "fetch");
}

function check(rule: Rule, options: unknown, purpose: string): void {
  const found = rule(options);
  if (found === undefined) return;
  const { path, message, value, kind } = found;
  if (path.length === 0) {
    throw new TypeError(`Cannot ${purpose} as the options ${message}: received ${describeOptions(value)}`);
  }
  const name = path.join(".");
  // The message of an unwanted member needs no value.
  if (kind === "unwanted") throw new TypeError(`Cannot ${purpose} as '${name}' ${message}`);
  // Headers and URLs may hold credentials.
  const isSecret = /^(headers|baseUrls|mirror)/.test(name);
  const shown = typeof value === "string" && !isSecret ? `'${value}'` : describeKind(value);
  const text = `Cannot ${purpose} as '${name}' ${message}: received ${shown}`;
  throw kind === "range" ? new RangeError(text) : new TypeError(text);
}

/** Describes what was given instead of options, and says how to give it. */
function describeOptions(value: unknown): string {
  if (value instanceof AbortSignal) return "an AbortSignal; give it as { signal }";
  if (value instanceof Headers) return "Headers; give them as { headers }";
  return describeKind(value);
}

/** The options that only batches have. */
const batchEntries = {
  batchTimeoutMs: positiveMs,
  concurrency: positiveInteger,
  ordered: flag,
  prefetch: count,
};

/** The members that only a request itself has. */
const specEntries = {
  url: rule("must be a string or a URL", isUrl),
  method: text,
  ...optionalAny("body"),
  key: text,
};

/** The options that all requests have, single ones and those of a batch. */
const requestEntries = once(() => ({
  ...sharedEntries,
  ...optionalAny("json", "query"),
  ...rulesOf(Object.keys(SETTINGS) as (keyof Settings)[]),
}));

/** Members of `fetch`'s `init` that a client takes in `client.fetch` only. */
const FETCH_ONLY = ["redirect", "credentials", "mode", "integrity", "keepalive", "referrer", "duplex"];

const textual = oneOf("json", "text");

/** The options that only `lines()` has. */
const linesEntries = { as: textual, maxLineBytes: positiveInteger };

const RECONNECT = "must be false, or an object such as { maxAttempts: 5 }";
const attempts: Rule = number(
  "a positive integer, or Infinity",
  (value) => value === Infinity || (Number.isInteger(value) && value > 0),
);
/** The options that only `events()` has. */
const eventsEntries = {
  as: textual,
  reconnect: unless(isFalse, strict({ maxAttempts: attempts }, RECONNECT)),
  lastEventId: text,
  doneData: text,
  maxEventBytes: positiveInteger,
};

/** The options that only `pages()` has. */
const pagesEntries = {
  next: callable,
  maxPages: unless((value) => value === Infinity, positiveInteger),
  prefetch: oneOf(0, 1),
};

/** The options that only `download()` has. */
const downloadEntries = {
  resume: flag,
  overwrite: flag,
  compression: flag,
  digest: strict(
    {
      algorithm: required(oneOf("sha-256", "sha-512", "sha-1", "md5")),
      value: required(text),
    },
    "must be an object { algorithm, value }",
  ),
};

/** Options that have no meaning for a body that is not decoded. */
const UNDECODED = ["as", "schema"];

/** The options that only a transport has. */
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
/** Where the options of batches belong, of which single requests have no use. */
const TO_BATCH: Elsewhere = {
  batchTimeoutMs: TO_BATCHES,
  concurrency: "give it to createClient(), or to all(), settle(), stream() or record()",
  ordered: TO_STREAM,
  prefetch: TO_STREAM,
};

/** Says where the members belong that only a request itself has. */
function toRequestItself(): Elsewhere {
  return elsewhere(Object.keys(specEntries), toRequest);
}

/** Says where the options belong that only a client takes, or only `fetch`. */
function toOthers(): Elsewhere {
  const own = [...Object.keys(requestEntries()), "concurrency"];
  return {
    ...elsewhere(Object.keys(clientEntries), () => "give it to createClient()", own),
    ...elsewhere(FETCH_ONLY, () => TO_FETCH),
  };
}

/** Says where the options belong that a client does not take. */
function fromClient(): Elsewhere {
  const shared = Object.keys(clientEntries);
  return {
    ...elsewhere(Object.keys(requestEntries()), () => "give it to each request", shared),
    ...toRequestItself(),
    ...elsewhere(TRANSPORT_ONLY, () => TO_TRANSPORT),
    onOpen: "put it into 'circuitBreaker'",
    patienceMs: "put it into 'circuitBreaker'",
    ordered: TO_STREAM,
    prefetch: TO_STREAM,
    batchTimeoutMs: TO_BATCHES,
  };
}

const clientRule = both(
  both(
    rule("must be an object", isBare),
    // A client has a member `fetch`, and no other that options could have: it would pass for them, and retry its own retries.
    rule(
      "must be those of a new client, and no client; call its own methods",
      (value) => !hasMethods(value, "fetch", "extend"),
    ),
  ),
  strict(clientEntries, "must be an object", fromClient),
);

/** The options that clients share with their extensions. */
const SHARED = [
  "backoff",
  "circuitBreaker",
  "clock",
  "concurrency",
  "fetch",
  "learnLimits",
  "limitKey",
  "maxQueue",
  "maxQueueMs",
  "maxRetryAfterMs",
  "maxWaiting",
  "pauseOn429",
  "perOrigin",
  "random",
  "rateLimit",
  "retryBudget",
  "transport",
];
const TO_PARENT = "give it to createClient(): an extension shares it with the client that it comes from";

const ownHedge = rule(
  "must be false: an extension shares the 'hedge' of the client that it comes from",
  isFalse,
);

/** The rule of the options of `extend()`; made when it is first needed. */
const extendRule = once(() =>
  both(
    rule("must be an object", isBare),
    strict({ ...without(clientEntries, SHARED), hedge: ownHedge }, "must be an object", () => ({
      ...fromClient(),
      ...elsewhere(SHARED, () => TO_PARENT),
    })),
  )
);

/** The rules of the options of requests, by what the options belong to; each is made when it is first needed. */
const requestRules: Readonly<Record<OptionsOf, () => Rule>> = {
  call: once(() => optionsObject(requestEntries(), TO_BATCH)),
  fetch: once(() =>
    optionsObject(without(requestEntries(), UNDECODED), {
      ...TO_BATCH,
      ...elsewhere(["method", "body"], () => TO_FETCH),
      ...elsewhere(UNDECODED, () => "a Response is not decoded: use json() or outcome()"),
    })
  ),
  lines: once(() => optionsObject({ ...requestEntries(), ...linesEntries }, TO_BATCH)),
  events: once(() => optionsObject({ ...requestEntries(), ...eventsEntries }, TO_BATCH)),
  pages: once(() => optionsObject({ ...requestEntries(), ...pagesEntries }, TO_BATCH)),
  download: once(() => {
    const entries = without(requestEntries(), UNDECODED);
    const unwanted = elsewhere(UNDECODED, () => "a download is not decoded");
    return optionsObject({ ...entries, ...downloadEntries }, { ...TO_BATCH, ...unwanted });
  }),
  batch: once(() => optionsObject({ ...requestEntries(), ...batchEntries }, {})),
  request: once(() =>
    strict(
      { ...requestEntries(), ...specEntries },
      "must be an object",
      () => ({ ...toOthers(), ...TO_BATCH }),
    )
  ),
};

/** Returns a function that makes a value when it is called first, and then returns the same value. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

function without(entries: Readonly<Record<string, Rule>>, names: readonly string[]): Record<string, Rule> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => !names.includes(name)));
}

function toRequest(name: string): string {
  return `put '${name}' into the request: ${name === "url" ? "{ url }" : `{ url, ${name} }`}`;
}

/** Makes the advice for each of some names, except for some of them. */
function elsewhere(
  names: readonly string[],
  advice: (name: string) => string,
  except: readonly string[] = [],
): Elsewhere {
  return Object.fromEntries(
    names.filter((name) => !except.includes(name)).map((name) => [name, advice(name)]),
  );
}

/**
 * Makes the rule of an object of options. It refuses an array, a `Request` or a signal, which would be ignored.
 *
 * @param entries The rules of the options.
 * @param unwanted Options that belong somewhere else, and where.
 */
function optionsObject(entries: Readonly<Record<string, Rule>>, unwanted: Elsewhere): Rule {
  const message = "must be an object such as { timeoutMs: 5000 }";
  const others = (): Elsewhere => ({ ...toOthers(), ...toRequestItself(), ...unwanted });
  return both(rule(message, isBare), strict(entries, message, others));
}
