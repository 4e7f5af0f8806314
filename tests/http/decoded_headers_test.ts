import { assertEquals, assertStrictEquals } from "@std/assert";
import { decodedHeaders } from "../../src/http/decoded_headers.ts";
import { test } from "../support/test.ts";

const decodes = new Set(["gzip", "br"]);

function headersOf(coding: string): Headers {
  return new Headers({ "content-encoding": coding, "content-length": "27", "x-a": "b" });
}

test("decodedHeaders() leaves the coding and the length out where the runtime has decoded", () => {
  for (const coding of ["gzip", "br", "GZIP", " br "]) {
    const given = headersOf(coding);
    const headers = decodedHeaders({ status: 200, headers: given }, {
      method: "GET",
      init: undefined,
      decodes,
    });
    assertEquals([...headers], [["x-a", "b"]]);
    assertEquals(given.get("content-length"), "27");
  }
});

test("decodedHeaders() leaves everything as it is where nothing was decoded", () => {
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
    assertStrictEquals(decodedHeaders({ status, headers }, { method, init, decodes }), headers);
  }
  const plain = new Headers({ "content-length": "3" });
  assertStrictEquals(
    decodedHeaders({ status: 200, headers: plain }, { method: "GET", init: undefined, decodes }),
    plain,
  );
});

test("decodedHeaders() leaves everything as it is where a request asked for bytes as they are, if those are not decoded", () => {
  const headers = headersOf("gzip");
  const isLeft = (sent: Record<string, string> | undefined): boolean =>
    decodedHeaders({ status: 200, headers }, { method: "GET", init: undefined, decodes, sent }) === headers;
  assertEquals(isLeft({ "accept-encoding": "Identity" }), true);
  assertEquals(isLeft({ range: "bytes=0-" }), true);
  assertEquals(isLeft({ "accept-encoding": "gzip" }), false);
  assertEquals(isLeft({}), false);
  assertEquals(isLeft(undefined), false);
});
