import { assertEquals, assertThrows } from "@std/assert";
import { assertKnownOptions, describeUnknown } from "../../src/http/option_hints.ts";
import { test } from "../support/test.ts";

const KNOWN = [
  "as",
  "backoff",
  "body",
  "concurrency",
  "fetch",
  "headers",
  "maxBodyBytes",
  "maxRetries",
  "onProgress",
  "ordered",
  "query",
  "rateLimit",
  "retryOn",
  "schema",
  "signal",
  "timeoutMs",
  "totalTimeoutMs",
  "transport",
  "url",
  "use",
];

/** Returns the option that the message suggests for a name; `undefined` for none. */
function meantBy(name: string, known: readonly string[] = KNOWN): string | undefined {
  return /did you mean '(\w+)'\?$/.exec(describeUnknown(name, known))?.[1];
}

const MEANINGS: Readonly<Record<string, readonly string[]>> = {
  timeoutMs: [
    "timeoutMS",
    "timeoutms",
    "timeout",
    "timeout_ms",
    "timeoutM",
    "timoutMs",
    "Timeout",
    "timeouts",
  ],
  totalTimeoutMs: ["totalTimeout", "total_timeout_ms", "total-timeout", "totalTimeuotMs"],
  maxRetries: ["retries", "retry", "maxRetry", "max_retries", "maxRetires", "MAXRETRIES"],
  headers: ["Headers", "HEADERS", "header", "heeders", "hedaers", "auth", "userAgent"],
  backoff: ["retryDelay", "backoffLimit"],
  fetch: ["adapter"],
  rateLimit: ["minTime", "reservoir", "intervalCap", "ratelimit"],
  retryOn: ["retryCondition", "shouldRetry", "retryStatusCodes"],
  concurrency: ["concurency", "concurrent", "Concurrency", "limit", "maxConcurrent", "maxSockets"],
  signal: ["signals", "sginal", "signl", "abortSignal"],
  ordered: ["order", "orderd"],
  maxBodyBytes: [
    "maxBody",
    "maxBodySize",
    "maxContentLength",
    "maxBodyByte",
    "maxbodybyte",
    "max_body_bytes",
  ],
  as: ["responseType", "AS"],
  url: ["uri", "Url", "href", "ulr"],
  body: ["data", "json", "form", "bodi"],
  schema: ["schemas", "shema", "parser"],
  query: ["params", "searchParams", "search_params", "querys"],
  onProgress: ["onDownloadProgress", "progress"],
  use: ["cookieJar", "cookies", "hooks", "interceptors", "middleware", "onRequest", "plugins"],
  transport: ["agent", "dispatcher", "httpsAgent", "httpAgent"],
};

for (const [meant, names] of Object.entries(MEANINGS)) {
  test(`describeUnknown() asks whether '${meant}' was meant by ${names.join(", ")}`, () => {
    assertEquals(names.map((name) => [name, meantBy(name)]), names.map((name) => [name, meant]));
  });
}

test("describeUnknown() suggests nothing for a name that is near to none", () => {
  for (
    const name of ["x", "", "throwHttpErrors", "toString", "__proto__", "constructor", "ur1234"]
  ) {
    assertEquals(describeUnknown(name, KNOWN), "is not an option", name);
  }
});

test("describeUnknown() prefers the nearest name, and a known alias to nothing", () => {
  assertEquals(meantBy("timeoutMS", ["totalTimeoutMs", "timeoutMs"]), "timeoutMs");
  assertEquals(meantBy("json", ["body", "json2"]), "body");
  assertEquals(meantBy("JSON", ["body", "json"]), "json");
  assertEquals(meantBy("baseURL", ["baseUrls"]), "baseUrls");
  assertEquals(meantBy("prefixUrl", ["baseUrls"]), "baseUrls");
  assertEquals(meantBy("prefixUrl", ["concurrency"]), undefined);
});

test("describeUnknown() says where an option belongs that is known elsewhere", () => {
  const elsewhere = { baseUrls: "give it to createClient()", toString: "leave it out" };
  assertEquals(
    describeUnknown("baseUrls", KNOWN, elsewhere),
    "is not an option here: give it to createClient()",
  );
  assertEquals(describeUnknown("toString", KNOWN, elsewhere), "is not an option here: leave it out");
  assertEquals(
    describeUnknown("baseUrl", KNOWN, elsewhere),
    "is not an option: did you mean 'baseUrls'? If so, give it to createClient()",
  );
});

test("describeUnknown() prefers a near name that is known here to an equal one that is known elsewhere", () => {
  const elsewhere = { timeoutMS: "give it to others" };
  assertEquals(describeUnknown("timeoutms", KNOWN, elsewhere), "is not an option: did you mean 'timeoutMs'?");
});

test("assertKnownOptions() refuses an unknown name, and suggests the one that was meant", () => {
  assertKnownOptions("test", { a: 1, b: undefined }, ["a", "b"]);
  assertThrows(
    () => assertKnownOptions("test", { refersh: 1 }, ["token", "refresh"]),
    TypeError,
    "Cannot test as 'refersh' is not an option: did you mean 'refresh'?",
  );
});
