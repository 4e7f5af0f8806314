import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { type HeaderMap, NO_HEADERS, toHeaderMap } from "../../src/http/headers.ts";
import {
  type PreparedRequest,
  prepareRequest as prepare,
  type RequestInput,
} from "../../src/http/request.ts";
import { OriginIndex } from "../../src/http/url.ts";
import { runtime, skip, test } from "../support/test.ts";

const URL_TEXT = "https://h.example/a";

type Input = RequestInput & { readonly idempotent?: boolean | undefined };

function prepareRequest({ idempotent, ...input }: Input, headers: HeaderMap = NO_HEADERS): PreparedRequest {
  return prepare(input, { origins: new OriginIndex(), headers, idempotent });
}

/** Returns input that the types forbid. */
function untyped(input: Record<string, unknown>): RequestInput {
  return { url: URL_TEXT, ...input } as unknown as RequestInput;
}

function repeatable(input: Partial<Input>): boolean {
  return prepareRequest({ url: URL_TEXT, ...input }).repeatable;
}

test("prepareRequest() makes a GET without headers and body of a URL alone", () => {
  const request = prepareRequest({ url: URL_TEXT });
  assertEquals([request.method, request.url, request.absolute], ["GET", URL_TEXT, true]);
  assertEquals([request.body, request.repeatable, request.init], [null, true, undefined]);
  assertEquals(Object.keys(request.headers), []);
});

test("prepareRequest() accepts a URL object, and tells relative from absolute URLs", () => {
  assertEquals(prepareRequest({ url: new URL("HTTPS://H.example/a") }).url, "https://h.example/a");
  assertFalse(prepareRequest({ url: "2025/a.json" }).absolute);
  assert(prepareRequest({ url: "HTTPS://h/" }).absolute);
});

test("prepareRequest() refuses a URL that is neither text nor a URL", () => {
  for (const url of [5, null, undefined, {}, ["https://h/"], new Request(URL_TEXT)]) {
    assertThrows(
      () => prepareRequest(untyped({ url })),
      TypeError,
      "Cannot fetch as the URL must be a string",
    );
  }
});

test("prepareRequest() turns a method to upper case", () => {
  for (const method of ["get", "Put", "patch", "query", "m-search"]) {
    assertEquals(prepareRequest({ url: URL_TEXT, method }).method, method.toUpperCase());
  }
});

test("prepareRequest() refuses a method that is no token, or that fetch can't send", () => {
  for (const method of ["", " ", "GET ", "G\nET", "GE T", "GET\r\nx: y", "é", "(", 5, null, {}]) {
    assertThrows(() => prepareRequest(untyped({ method })), TypeError, "'method' must be a token");
  }
  for (const method of ["CONNECT", "trace", "Track"]) {
    assertThrows(
      () => prepareRequest({ url: URL_TEXT, method }),
      TypeError,
      "'method' must be one that fetch can send",
    );
  }
});

test("prepareRequest() refuses a method in whose place Bun would send a GET", () => {
  const request = () => prepareRequest({ url: URL_TEXT, method: "invalidate" });
  if (runtime === "deno") assertEquals(request().method, "INVALIDATE");
  else assertThrows(request, TypeError, "'method' must be one that fetch can send: received 'invalidate'");
});

test("prepareRequest() leaves it to the caller's own fetch to know a method", () => {
  const context = {
    origins: new OriginIndex(),
    headers: NO_HEADERS,
    idempotent: undefined,
    hasOwnFetch: true,
  };
  const prepared = (method: string) => prepare({ url: URL_TEXT, method }, context);
  assertEquals(prepared("invalidate").method, "INVALIDATE");
  assertThrows(() => prepared("TRACE"), TypeError, "'method' must be one that fetch can send");
});

test("S1: prepareRequest() marks a request with an idempotent method as repeatable", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"]) {
    assert(repeatable({ method }), method);
  }
  for (const method of ["POST", "PATCH", "PROPFIND"]) assertFalse(repeatable({ method }), method);
});

test("S1: prepareRequest() prefers 'idempotent' to the method, in both directions", () => {
  assert(repeatable({ method: "POST", idempotent: true }));
  assertFalse(repeatable({ method: "GET", idempotent: false }));
  assertFalse(repeatable({ method: "POST", idempotent: undefined }));
});

test("S1: prepareRequest() treats an Idempotency-Key, in any case and of any source, as a promise to be repeatable", () => {
  assert(repeatable({ method: "POST", headers: { "IDEMPOTENCY-KEY": "1" } }));
  assert(repeatable({ method: "PATCH", headers: new Headers({ "Idempotency-Key": "1" }) }));
  const around = toHeaderMap({ "idempotency-key": "1" }, "it");
  assert(prepareRequest({ url: URL_TEXT, method: "POST" }, around).repeatable);
  assertFalse(repeatable({ method: "POST", idempotent: false, headers: { "idempotency-key": "1" } }));
});

test("S1: prepareRequest() marks a stream as not repeatable, whatever the method", () => {
  const body = (): ReadableStream => new Blob(["x"]).stream();
  assertFalse(repeatable({ method: "PUT", body: body() }));
  assertFalse(repeatable({ method: "POST", body: body(), idempotent: true }));
  assert(repeatable({ method: "PUT", body: "x" }));
});

test("prepareRequest() lays the request's headers over the common ones", () => {
  const around = toHeaderMap({ accept: "a", "x-one": "1" }, "it");
  const { headers } = prepareRequest({ url: URL_TEXT, headers: { Accept: "b" } }, around);
  assertEquals(Object.entries(headers).sort(), [["accept", "b"], ["x-one", "1"]]);
  assertStrictEquals(prepareRequest({ url: URL_TEXT }, around).headers, around);
});

test("S2: prepareRequest() refuses a bad header before anything is sent", () => {
  assertThrows(() => prepareRequest({ url: URL_TEXT, headers: { "a b": "1" } }), TypeError, "header name");
  assertThrows(() => prepareRequest({ url: URL_TEXT, headers: { a: "1\n2" } }), TypeError, "header 'a'");
});

test("prepareRequest() accepts every kind of body, and copies those that can change", () => {
  const post = (body: BodyInit) => prepareRequest({ url: URL_TEXT, method: "POST", body }).body!;
  for (const body of ["", "x", new Blob(["x"]), new Blob(["x"]).stream()]) {
    assertStrictEquals(post(body), body);
  }
  const sizes = [new Uint8Array(2), new ArrayBuffer(2), new DataView(new ArrayBuffer(2))].map((body) =>
    (post(body) as ArrayBuffer).byteLength
  );
  assertEquals(sizes, [2, 2, 2]);
  assertEquals(String(post(new URLSearchParams("a=1"))), "a=1");
  assertEquals([...post(new FormData()) as FormData], []);
});

if (runtime === "deno") {
  test("prepareRequest() takes what is of another realm as its own", async () => {
    const { runInNewContext } = await import("node:vm");
    const buffer: ArrayBuffer = runInNewContext("new Uint8Array([104, 105]).buffer");
    const { body } = prepareRequest({ url: URL_TEXT, method: "PUT", body: buffer });
    new Uint8Array(buffer).fill(0);
    assertEquals(await new Response(body).text(), "hi");
  });
} else skip("prepareRequest() takes what is of another realm as its own", "Bun does not tell it from a text");

test("prepareRequest() refuses an object that claims to be a body, but would be sent as text", () => {
  for (const tag of ["ArrayBuffer", "Blob", "File", "FormData", "URLSearchParams"]) {
    const body = { [Symbol.toStringTag]: tag };
    assertThrows(() => prepareRequest(untyped({ method: "POST", body })), TypeError, "'body' must be text");
  }
});

test("prepareRequest() refuses a form or parameters of another implementation", () => {
  for (const tag of ["FormData", "URLSearchParams"]) {
    const entries = new Map([["a", "b"]]);
    const body = Object.defineProperty(entries, Symbol.toStringTag, { value: tag });
    assertThrows(() => prepareRequest(untyped({ method: "PUT", body })), TypeError, "'body' must be text");
  }
});

test("prepareRequest() turns an async iterable into a stream, which can be sent once", async () => {
  async function* chunks() {
    yield new Uint8Array([97]);
    yield "b" as unknown as Uint8Array;
  }
  for (const method of ["POST", "PUT"]) {
    const { body, repeatable } = prepareRequest({ url: URL_TEXT, method, body: chunks() });
    assertFalse(repeatable);
    assertEquals(await new Response(body as ReadableStream).text(), "ab");
  }
  assertThrows(() => prepareRequest({ url: URL_TEXT, body: chunks() }), TypeError, "must not have a 'body'");
});

test("prepareRequest() refuses a value that is no body, and says how to send JSON", () => {
  for (const body of [{ a: 1 }, [1]]) {
    assertThrows(() => prepareRequest(untyped({ method: "POST", body })), TypeError, "'json'");
  }
  for (const body of [5, true, Symbol("x"), () => {}]) {
    assertThrows(() => prepareRequest(untyped({ method: "POST", body })), TypeError, "'body' must be text");
  }
});

test("prepareRequest() refuses a body with GET and HEAD, even an empty one, and treats null as none", () => {
  for (const method of [undefined, "GET", "head"]) {
    for (const body of ["x", "", new Uint8Array(0)]) {
      assertThrows(
        () => prepareRequest({ url: URL_TEXT, method, body }),
        TypeError,
        "must not have a 'body'",
      );
    }
    for (const body of [null, undefined]) {
      assertEquals(prepareRequest({ url: URL_TEXT, method, body }).body, null);
    }
  }
});

test("S1: prepareRequest() refuses a stream that is being read elsewhere, which can't be sent even once", async () => {
  const locked = new Blob(["x"]).stream();
  const reader = locked.getReader();
  assertThrows(() => prepareRequest({ url: URL_TEXT, method: "POST", body: locked }), TypeError);
  await reader.cancel();
});

test("prepareRequest() passes the other members of a RequestInit on unchanged", () => {
  const init = { redirect: "manual" } as const;
  assertStrictEquals(prepareRequest({ url: URL_TEXT, init }).init, init);
});
