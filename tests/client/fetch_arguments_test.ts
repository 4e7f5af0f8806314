import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { fromFetchArguments } from "../../src/client/fetch_arguments.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/path?x=1";

test("fromFetchArguments() turns anything but a request into the text of a URL", () => {
  const url = "https://a.test/path?x=1";
  for (const input of [url, new URL(url), { toString: () => url } as unknown as URL]) {
    const { request, signals, cache, bodyOf } = fromFetchArguments(input, {});
    assertEquals(request, { url, method: undefined, headers: undefined, body: undefined, init: undefined });
    assertEquals([signals, cache, bodyOf], [[], undefined, undefined]);
  }
  for (const input of [Symbol("url"), Object.create(null)]) {
    assertThrows(() => fromFetchArguments(input, {}), TypeError);
  }
});

test("fromFetchArguments() keeps unknown members for the runtime's own fetch", () => {
  const init = { redirect: "manual", keepalive: true, client: "a runtime's own" } as RequestInit;
  const rest = { ...init, method: "PUT", body: "b", headers: { "x-a": "1" }, cache: "reload" as const };
  const { request } = fromFetchArguments(URL_A, { ...rest, signal: null });
  assertEquals(request.init, { ...init, cache: "reload" });
  assertEquals([request.method, request.body], ["PUT", "b"]);
  assertEquals([...new Headers(request.headers as HeadersInit)], [["x-a", "1"]]);
});

test("fromFetchArguments() reads what init has from a prototype, such as the getters of a class", () => {
  class Init {
    body = "b";
    get method() {
      return "PUT";
    }
    get redirect() {
      return "manual" as const;
    }
    get integrity() {
      return "sha256-x";
    }
    get keepalive() {
      return undefined;
    }
    get cache() {
      return "no-cache" as const;
    }
  }
  const handedOn = { redirect: "manual", integrity: "sha256-x", cache: "no-cache" };
  const { request } = fromFetchArguments(URL_A, new Init() as unknown as RequestInit);
  assertEquals([request.method, request.body, request.init], ["PUT", "b", handedOn]);
  const derived = Object.create({ redirect: "error", credentials: "omit" }, {
    redirect: { value: "follow", enumerable: true },
  });
  const manual = new Request(URL_A, { redirect: "manual" });
  const init = fromFetchArguments(manual, derived).request.init;
  assertEquals([init?.redirect, init?.credentials], ["follow", "omit"]);
  for (const bad of [{ redirect: "folow" }, { mode: "core" }, { credentials: "all" }]) {
    assertThrows(() => fromFetchArguments(URL_A, Object.create(bad)), TypeError, "must be one of");
  }
});

test("fromFetchArguments() reads a request and its init as the runtime does", async () => {
  const make = (): Request =>
    new Request(URL_A, { method: "POST", body: "own", headers: { "x-a": "1" }, redirect: "manual" });
  const inits: readonly RequestInit[] = [
    {},
    { method: "PUT" },
    { headers: { "x-b": "2" } },
    { headers: [["x-c", "3"]] },
    { body: "other" },
    { body: "" },
    { redirect: "error" },
    { method: undefined, headers: undefined, body: undefined } as unknown as RequestInit,
  ];
  const differences: string[] = [];
  for (const init of inits) {
    const expected = new Request(make(), init);
    const { request, bodyOf } = fromFetchArguments(make(), init);
    const { url, method, headers } = request;
    const body = request.body ?? bodyOf?.body;
    const actual = new Request(url, {
      ...request.init,
      ...(method === undefined ? {} : { method }),
      ...(headers === undefined ? {} : { headers: headers as HeadersInit }),
      body: body ?? null,
      duplex: "half",
    } as RequestInit);
    const about = `${JSON.stringify(init)} (${Object.keys(init)})`;
    const fields = (
      of: Request,
    ) => [of.url, of.method, of.redirect, of.headers.get("x-a"), of.headers.get("x-b")];
    if (JSON.stringify(fields(actual)) !== JSON.stringify(fields(expected))) {
      differences.push(`${about}: ${fields(actual)} instead of ${fields(expected)}`);
    }
    const [got, wanted] = [await actual.text(), await expected.text()];
    if (got !== wanted) differences.push(`${about}: body '${got}' instead of '${wanted}'`);
  }
  assertEquals(differences, []);
});

test("fromFetchArguments() keeps a request's referrer settings, also that there is to be none", () => {
  // Set them by hand: not every runtime keeps them in a Request.
  const init = (referrer: string, referrerPolicy: string) => {
    const request = Object.defineProperties(new Request(URL_A), {
      referrer: { value: referrer },
      referrerPolicy: { value: referrerPolicy },
    });
    const { referrer: first, referrerPolicy: second } = fromFetchArguments(request, {}).request.init ?? {};
    return [first, second];
  };
  assertEquals(init("about:client", ""), [undefined, undefined]);
  assertEquals(init("", "no-referrer"), ["", "no-referrer"]);
  assertEquals(init("https://a.test/b", "origin"), ["https://a.test/b", "origin"]);
  assertEquals(init("about:client", "unsafe-url"), [undefined, "unsafe-url"]);
});

test("fromFetchArguments() replaces a request's headers by those of init, also by none", () => {
  const request = new Request(URL_A, { headers: { "x-a": "1" } });
  const { headers } = fromFetchArguments(request, { headers: {} }).request;
  assertEquals([...new Headers(headers as HeadersInit)], []);
});

test("fromFetchArguments() takes undefined in init for absent, as the fetch standard does", () => {
  const init = { redirect: undefined } as unknown as RequestInit;
  const { request } = fromFetchArguments(new Request(URL_A, { redirect: "manual" }), init);
  assertEquals(request.init?.redirect, "manual");
});

test("fromFetchArguments() keeps a request's own body for a body of null, as the fetch standard does", () => {
  const own = new Request(URL_A, { method: "POST", body: "own" });
  assertStrictEquals(fromFetchArguments(own, { body: null }).bodyOf, own);
  const { bodyOf, request } = fromFetchArguments(own, { body: "other" });
  assertEquals([bodyOf, request.body], [undefined, "other"]);
});

test("fromFetchArguments() takes the signal of init, of the request without one, and none for null", () => {
  const [own, other] = [new AbortController(), new AbortController()];
  const request = new Request(URL_A, { signal: own.signal });
  assertStrictEquals(fromFetchArguments(request, { signal: other.signal }).signals[0], other.signal);
  assertEquals(fromFetchArguments(request, { signal: null }).signals, []);

  const { signals } = fromFetchArguments(request, {});
  assertEquals(signals.length, 1);
  own.abort("enough");
  assertEquals([signals[0]!.aborted, signals[0]!.reason], [true, "enough"]);
  assertEquals(fromFetchArguments(URL_A, { signal: other.signal }).signals, [other.signal]);
});

test("fromFetchArguments() keeps every cache mode but the default", () => {
  const modes: readonly RequestCache[] = [
    "default",
    "no-store",
    "reload",
    "no-cache",
    "force-cache",
    "only-if-cached",
  ];
  assertEquals(modes.map((cache) => fromFetchArguments(URL_A, { cache }).cache), [
    undefined,
    "no-store",
    "reload",
    "no-cache",
    "force-cache",
    "only-if-cached",
  ]);
});

test("fromFetchArguments() passes the cache mode on, unless the request may not use the network", () => {
  for (const cache of ["no-store", "reload", "no-cache", "force-cache"] as const) {
    assertEquals(fromFetchArguments(URL_A, { cache, keepalive: true }).request.init, {
      cache,
      keepalive: true,
    });
  }
  for (const cache of ["default", "only-if-cached"] as const) {
    assertEquals(fromFetchArguments(URL_A, { cache }).request.init, undefined);
  }
});

test("fromFetchArguments() refuses a request whose body has been read, unless init replaces the body", async () => {
  const request = new Request(URL_A, { method: "POST", body: "own" });
  await request.text();
  assertThrows(() => fromFetchArguments(request, {}), TypeError, "has been read already");
  assertEquals(fromFetchArguments(request, { body: "other" }).request.body, "other");
});

test("fromFetchArguments() refuses a request whose body is being read, and leaves that body alone", async () => {
  const request = new Request(URL_A, { method: "POST", body: "own" });
  const reader = request.body!.getReader();
  assertThrows(() => fromFetchArguments(request, {}), TypeError, "or is being read");
  assertEquals(fromFetchArguments(request, { body: "other" }).request.body, "other");
  assertEquals((await reader.read()).value, new TextEncoder().encode("own"));
});

test("fromFetchArguments() keeps the headers of a request whose body has to be read first", () => {
  const given = new Request(URL_A, { method: "PUT", body: "b", headers: { "x-a": "1", cookie: "c=1" } });
  const { request, bodyOf } = fromFetchArguments(given, {});
  given.headers.set("x-a", "too late");
  given.headers.delete("cookie");
  assertStrictEquals(bodyOf, given);
  const headers = request.headers as Headers;
  assertEquals([headers.get("x-a"), headers.get("cookie")], ["1", "c=1"]);
});

test("fromFetchArguments() accepts a Request as init, which then sets everything but the URL", () => {
  const init = (redirect: RequestRedirect) =>
    new Request("https://b.test/", { method: "PUT", body: "b", headers: { "x-a": "1" }, redirect });
  for (const redirect of ["manual", "error"] as const) {
    const given = init(redirect);
    const { request, bodyOf } = fromFetchArguments(URL_A, given);
    assertEquals([request.url, request.method, request.init?.redirect], [URL_A, "PUT", redirect]);
    assertEquals([...request.headers as Headers].filter(([name]) => name === "x-a"), [["x-a", "1"]]);
    assertStrictEquals(bodyOf, given);
    assertEquals(request.body, undefined);
  }
  const used = init("follow");
  used.body!.getReader();
  assertThrows(() => fromFetchArguments(URL_A, used), TypeError, "being read");
  // The defaults of that Request replace the settings of the first one.
  const asked = new Request(URL_A, { redirect: "manual", headers: { "x-b": "2" } });
  const { request } = fromFetchArguments(asked, init("follow"));
  assertEquals([request.url, request.method, request.init?.redirect], [URL_A, "PUT", undefined]);
  assertEquals((request.headers as Headers).has("x-b"), false);
});

test("fromFetchArguments() joins several cookies as the Cookie header does", () => {
  const inits: readonly HeadersInit[] = [
    [["cookie", "a=1"], ["x-a", "1"], ["Cookie", "b=2; c=3"]],
    { Cookie: "a=1", "x-a": "1", cookie: "b=2; c=3" },
  ];
  for (const init of inits) {
    const { headers } = fromFetchArguments(URL_A, { headers: init }).request;
    assertEquals([...headers as Headers], [["cookie", "a=1; b=2; c=3"], ["x-a", "1"]]);
  }
  const alone = fromFetchArguments(URL_A, { headers: new Headers({ cookie: "a=1" }) }).request.headers;
  assertEquals([...alone as Headers], [["cookie", "a=1"]]);
});

test("fromFetchArguments() names the member that is wrong when headers can't be read, and shows no value", () => {
  const wrong = [null, [["secret"]], [["a", "b", "secret"]], { "secret name": "x" }, { a: "sec\nret" }];
  for (const headers of wrong) {
    const error = assertThrows(() => fromFetchArguments(URL_A, { headers } as RequestInit), TypeError);
    assertEquals(
      error.message,
      "Cannot fetch as 'headers' must be Headers, a record of strings, or pairs of a name and a value",
      JSON.stringify(headers),
    );
  }
});
