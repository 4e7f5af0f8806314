import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkSource, checkSpec, namedRequests } from "../../src/client/request_checks.ts";
import { test } from "../support/test.ts";
import { runInNewContext } from "node:vm";

const URL_A = "https://a.test/a.json";

class OwnRequest {
  readonly url: string = URL_A;
}

/** A class of another package with the same name as the platform's. */
class Foreign {
  get [Symbol.toStringTag](): string {
    return "Request";
  }
}

function messageOf(check: () => void): string {
  return assertThrows(check, TypeError).message;
}

test("checkSpec() accepts any object that may hold a request, and does not look into it", () => {
  for (const request of [{ url: URL_A }, {}, Object.create(null), new OwnRequest()]) checkSpec(request);
});

test("checkSpec() reports any other value that it got", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, "undefined"],
    [null, "null"],
    [7, "7"],
    [true, "true"],
    [Symbol("x"), "Symbol(x)"],
    [() => URL_A, "a function"],
    [[URL_A], "an array"],
  ];
  for (const [request, received] of cases) {
    assertEquals(
      messageOf(() => checkSpec(request)),
      `Cannot fetch as a request must be a URL, or an object { url, … }: received ${received}`,
    );
  }
});

test("checkSpec() says what to do with a promise and with a Request, of whatever package", () => {
  const thenable = { then: (resolve: (url: string) => void) => resolve(URL_A) };
  const advice = "give its URL, or use client.fetch() for a Request";
  const cases: readonly (readonly [unknown, string])[] = [
    [Promise.resolve(URL_A), "an object of Promise; await it first"],
    [thenable, "an object; await it first"],
    [new Request(URL_A), `an object of Request; ${advice}`],
    [new Foreign(), `an object of Foreign; ${advice}`],
  ];
  for (const [request, received] of cases) {
    const message = messageOf(() => checkSpec(request));
    assert(message.endsWith(`: received ${received}`), message);
  }
});

test("checkSource() accepts sync and async iterables, and reads nothing from them", () => {
  const never = { [Symbol.asyncIterator]: () => assert(false, "it was read") };
  for (const source of [[], [URL_A], new Set([URL_A]), new Map().values(), never]) checkSource(source);
});

test("checkSource() says what to do with one request, and with a promise of many", () => {
  const one = "; put it into an array, or use client.json() for one request";
  const cases: readonly (readonly [unknown, string])[] = [
    [URL_A, `a string${one}`],
    ["", `a string${one}`],
    [new URL(URL_A), `an object of URL${one}`],
    [{ url: URL_A }, `an object${one}`],
    [new Request(URL_A), `an object of Request${one}`],
    [Promise.resolve([URL_A]), "an object of Promise; await it first"],
    [undefined, "undefined"],
    [null, "null"],
    [7, "7"],
    [() => [URL_A], "a function"],
    [{}, "an object"],
  ];
  for (const [source, received] of cases) {
    assertEquals(
      messageOf(() => checkSource(source)),
      `Cannot fetch many as the requests must be an iterable or async iterable: received ${received}`,
    );
  }
});

test("namedRequests() lists the requests of an object and of a map, in order", () => {
  const expected = [["b", URL_A], ["a", { url: URL_A }]];
  assertEquals(namedRequests({ b: URL_A, a: { url: URL_A } }), expected as never);
  assertEquals(
    namedRequests(new Map<string, unknown>([["b", URL_A], ["a", { url: URL_A }]])),
    expected as never,
  );
  assertEquals(namedRequests(Object.assign(Object.create(null), { x: URL_A })), [["x", URL_A]]);
  assertEquals([namedRequests({}), namedRequests(new Map())], [[], []]);
});

test("namedRequests() accepts a map of another realm, and maps of a package", () => {
  const foreign: Map<string, string> = runInNewContext(`new Map([["a", "${URL_A}"]])`);
  const own = {
    [Symbol.toStringTag]: "Map",
    *[Symbol.iterator]() {
      yield ["a", URL_A];
    },
  };
  for (const requests of [foreign, own]) {
    assertEquals(namedRequests(requests).map(([name, request]) => [name, request]), [["a", URL_A]]);
  }
});

test("namedRequests() accepts every string as a key of a map", () => {
  const names = ["__proto__", "constructor", "", "10", "2"];
  const requests = new Map(names.map((name) => [name, URL_A]));
  assertEquals(namedRequests(requests).map(([name]) => name), names);
  for (const key of [1, Symbol.iterator, null, undefined, {}]) {
    const message = messageOf(() => namedRequests(new Map([[key, URL_A]])));
    assert(
      message.startsWith("Cannot fetch a record as the keys of the map must be strings: received"),
      message,
    );
  }
});

test("namedRequests() refuses a collection without names, instead of finding nothing in it", () => {
  const list = "; use client.settle() for requests without names";
  const cases: readonly (readonly [unknown, string])[] = [
    [[URL_A], `an array${list}`],
    [new Set([URL_A]), `an object of Set${list}`],
    [new Headers({ a: URL_A }), `an object of Headers${list}`],
    [Promise.resolve({ a: URL_A }), "an object of Promise; await it first"],
    [new URL(URL_A), "an object of URL"],
    [URL_A, "a string"],
    [null, "null"],
    [undefined, "undefined"],
    [7, "7"],
    [() => {}, "a function"],
  ];
  for (const [requests, received] of cases) {
    assertEquals(
      messageOf(() => namedRequests(requests)),
      `Cannot fetch a record as the requests must be an object { name: request }, or a Map: received ${received}`,
    );
  }
});
