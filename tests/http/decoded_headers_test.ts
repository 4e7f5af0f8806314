import { assertEquals, assertStrictEquals } from "@std/assert";
import { decodedHeaders } from "../../src/http/decoded_headers.ts";
import { type HeaderMap, NO_HEADERS } from "../../src/http/headers.ts";
import { test } from "../support/test.ts";

const runtime = {
  decodes: (codings: readonly string[]) => ["gzip", "br", "br,gzip"].includes(codings.join()),
  decodesIdentity: true,
};

function headersOf(coding: string): Headers {
  return new Headers({ "content-encoding": coding, "content-length": "27", "x-a": "b" });
}

test("decodedHeaders() omits the coding and the length where the runtime has decoded the body", () => {
  for (const coding of ["gzip", "br", "GZIP", " br ", "Br, gzip"]) {
    const given = headersOf(coding);
    const headers = decodedHeaders({ status: 200, headers: given }, {
      method: "GET",
      init: undefined,
      sent: NO_HEADERS,
      runtime,
    });
    assertEquals([...headers], [["x-a", "b"]]);
    assertEquals(given.get("content-length"), "27");
  }
});

test("decodedHeaders() changes nothing where nothing was decoded", () => {
  const cases: [string, number, string, RequestInit | undefined][] = [
    ["zstd", 200, "GET", undefined],
    ["identity", 200, "GET", undefined],
    ["gzip, br", 200, "GET", undefined],
    ["gzip", 200, "HEAD", undefined],
    ["gzip", 204, "GET", undefined],
    ["gzip", 304, "GET", undefined],
    ["gzip", 200, "GET", { decompress: false } as RequestInit],
  ];
  for (const [coding, status, method, init] of cases) {
    const headers = headersOf(coding);
    assertStrictEquals(
      decodedHeaders({ status, headers }, { method, init, sent: NO_HEADERS, runtime }),
      headers,
    );
  }
  const plain = new Headers({ "content-length": "3" });
  assertStrictEquals(
    decodedHeaders({ status: 200, headers: plain }, {
      method: "GET",
      init: undefined,
      sent: NO_HEADERS,
      runtime,
    }),
    plain,
  );
});

test("decodedHeaders() changes nothing after a request for identity or a range, if the runtime does not decode those", () => {
  const headers = headersOf("gzip");
  const isLeft = (sent: HeaderMap, decodesIdentity: boolean): boolean =>
    decodedHeaders({ status: 200, headers }, {
      method: "GET",
      init: undefined,
      sent,
      runtime: { ...runtime, decodesIdentity },
    }) === headers;
  for (const sent of [{ "accept-encoding": "Identity" }, { range: "bytes=0-" }]) {
    assertEquals([isLeft(sent, false), isLeft(sent, true)], [true, false]);
  }
  for (const sent of [{ "accept-encoding": "gzip" }, {}]) {
    assertEquals([isLeft(sent, false), isLeft(sent, true)], [false, false]);
  }
});
