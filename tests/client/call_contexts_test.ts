import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { ClientOptions } from "../../mod.ts";
import { CallContexts, straightHeaders } from "../../src/client/call_contexts.ts";
import { Dispatcher } from "../../src/client/dispatcher.ts";
import { EventHub } from "../../src/client/event_hub.ts";
import type { Pipeline } from "../../src/client/pipeline.ts";
import { clientSettings } from "../../src/client/settings.ts";
import { type HeaderMap, NO_HEADERS } from "../../src/http/headers.ts";
import type { PartialSettings } from "../../src/policies/settings.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/a.json";

function contexts(options: ClientOptions = {}): CallContexts {
  return new CallContexts(options, new Dispatcher(options, systemClock, new EventHub(systemClock)));
}

test("CallContexts.plain holds the client's options, and those of each method", () => {
  const { json, text, bytes } = contexts({
    timeoutMs: 5,
    maxRetries: 1,
    circuitBreaker: { patienceMs: 7, onOpen: "fail" },
  }).plain;
  assertEquals([json, text, bytes].map(({ settings }) => settings.as), ["json", "text", "bytes"]);
  for (const { settings, streams, signals, allowance } of [json, text, bytes]) {
    assertEquals(
      [settings.timeoutMs, settings.maxRetries, settings.patienceMs, settings.onOpen],
      [5, 1, 7, "fail"],
    );
    assertEquals([streams, signals, allowance], [false, [], undefined]);
  }
});

test("CallContexts.withOptions() creates nothing new where the options change nothing", () => {
  const made = contexts();
  const { json } = made.plain;
  assertStrictEquals(made.withOptions(json, {}, "call", undefined), json);
  assertStrictEquals(made.withOptions(json, { timeoutMs: undefined }, "batch", undefined), json);
  assertStrictEquals(
    made.withOptions(json, { signal: new AbortController().signal }, "batch", undefined),
    json,
  );
  assertStrictEquals(made.withOptions(json, { headers: { a: "1" } }, "request", undefined), json);
  assertNotStrictEquals(made.withOptions(json, { timeoutMs: 1 }, "call", undefined), json);
});

test("CallContexts.withOptions() lays options over options: signals add up, settings and headers replace", () => {
  const made = contexts();
  const [first, second] = [new AbortController().signal, new AbortController().signal];
  const base = made.withOptions(
    made.plain.json,
    { signal: first, timeoutMs: 1, maxRetries: 2, headers: { A: "1" } },
    "call",
    undefined,
  );
  const both = made.withOptions(
    base,
    { signal: second, timeoutMs: 3, headers: { B: "2" }, query: { q: 1 } },
    "call",
    "text",
  );
  assertEquals(base.signals, [first]);
  assertEquals(both.signals, [first, second]);
  assertEquals([both.settings.timeoutMs, both.settings.maxRetries, both.settings.as], [3, 2, "text"]);
  assertEquals({ ...both.headers }, { b: "2" });
  assertEquals(both.additions, { json: undefined, query: { q: 1 } });
  assertEquals(base.additions, undefined);
});

test("CallContexts.withOptions() refuses a value that is no option there, and does not change its input", () => {
  const made = contexts();
  const { json } = made.plain;
  for (
    const [options, of, part] of [
      [{ timeoutMs: -1 }, "call", "timeoutMs"],
      [{ concurrency: 2 }, "call", "concurrency"],
      [{ maxRetry: 1 }, "request", "maxRetry"],
      [{ signal: "now" }, "batch", "signal"],
    ] as const
  ) {
    const error = assertThrows(() => made.withOptions(json, options as never, of, undefined));
    assertEquals((error as Error).message.includes(`'${part}'`), true, String(error));
  }
  assertStrictEquals(made.plain.json, json);
});

test("CallContexts.contextOf() says which requests go the straight way, whether the body streams or not", () => {
  const { plain, plainFetch } = contexts({ headers: { a: "1" } });
  assertEquals({ ...plain.json.straightHeaders }, { a: "1", accept: "application/json" });
  assertEquals({ ...plainFetch.straightHeaders }, { a: "1" });
  const { plainFetch: bounded } = contexts({ maxBodyBytes: 10 });
  assertEquals(bounded.straightHeaders, undefined);
});

test("CallContexts.prepare() adds the common headers and query to each request", () => {
  const made = contexts({ baseUrls: "https://base.test/v1" });
  const context = made.withOptions(
    made.plain.json,
    { headers: { a: "1", b: "1" }, query: { page: 2 } },
    "call",
    undefined,
  );
  const { url, method, headers } = made.prepare(
    { url: `${URL_A}?x=1`, method: "delete", headers: { b: "2" } },
    context,
  );
  assertEquals([url, method], [`${URL_A}?x=1&page=2`, "DELETE"]);
  assertEquals({ ...headers }, { a: "1", b: "2" });
  assertThrows(() => made.prepare({ url: URL_A, headers: { "a b": "1" } }, context), TypeError);
});

const BASE = "https://a.test/v1";

function pipelineOf(options: ClientOptions = {}): Pipeline {
  return new Dispatcher(options, systemClock, new EventHub(systemClock)).pipeline;
}

function headersOf(pipeline: Pipeline, settings: PartialSettings = {}, own: HeaderMap = NO_HEADERS) {
  const headers = straightHeaders(pipeline, clientSettings({ as: "bytes", ...settings }), own);
  return headers && { ...headers };
}

test("straightHeaders() lays the headers of a batch over the client's, and adds accept for JSON", () => {
  assertStrictEquals(straightHeaders(pipelineOf(), clientSettings({ as: "text" }), NO_HEADERS), NO_HEADERS);
  assertEquals(headersOf(pipelineOf(), { as: "json" }), { accept: "application/json" });
  const client = pipelineOf({ headers: { a: "1", b: "1" }, baseUrls: BASE });
  assertEquals(headersOf(client, {}, { b: "2" }), { a: "1", b: "2" });
  assertEquals(headersOf(client, { as: "json" }, { accept: "text/csv" }), {
    a: "1",
    b: "1",
    accept: "text/csv",
  });
});

test("straightHeaders() is undefined if requests have to pass more than their lane", () => {
  const clients: ClientOptions[] = [
    { baseUrls: [BASE, "https://b.test"] },
    { baseUrls: [{ url: BASE, headers: { a: "1" } }] },
    { baseUrls: "https://user:secret@a.test" },
    { baseUrls: BASE, headers: { a: "1" }, clientHeadersTo: "mirrors" },
    { use: [(request, next) => next(request)] },
    { offline: true },
  ];
  for (const options of clients) {
    assertEquals(headersOf(pipelineOf(options)), undefined, JSON.stringify(options));
  }
  const settings: PartialSettings[] = [
    { maxBodyBytes: 1_000 },
    { onProgress: () => {} },
    { cache: "only-if-cached" },
    { cache: "reload" },
    { cache: "no-cache" },
  ];
  for (const each of settings) assertEquals(headersOf(pipelineOf(), each), undefined, Object.keys(each)[0]);
});

test("straightHeaders() is undefined if the runtime would send a secret on that a redirect must not take along", () => {
  const pipeline = pipelineOf({ headers: { "x-api-key": "1" } });
  const { environment } = pipeline;
  const hides = {
    ...pipeline,
    environment: { ...environment, runtime: { ...environment.runtime, showsRedirects: false } },
  };
  assertEquals(headersOf(pipeline), { "x-api-key": "1" });
  assertEquals(headersOf(hides), undefined);
  const plain = pipelineOf({ headers: { authorization: "1" } });
  assertEquals(headersOf({ ...plain, environment: hides.environment }), { authorization: "1" });
});
