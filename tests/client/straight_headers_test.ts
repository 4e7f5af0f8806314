import { assertEquals, assertStrictEquals } from "@std/assert";
import type { ClientOptions } from "../../mod.ts";
import { Dispatcher } from "../../src/client/dispatcher.ts";
import { EventHub } from "../../src/client/event_hub.ts";
import type { Pipeline } from "../../src/client/pipeline.ts";
import { clientSettings } from "../../src/client/settings.ts";
import { straightHeaders } from "../../src/client/straight_headers.ts";
import { type HeaderMap, NO_HEADERS } from "../../src/http/headers.ts";
import type { PartialSettings } from "../../src/policies/settings.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { test } from "../support/test.ts";

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
