import { assertEquals, assertThrows } from "@std/assert";
import type { CdnRequest } from "../../src/middleware/faults/cdn_request.ts";
import { resourceLookup, type Resources } from "../../src/testing/resource.ts";
import { test } from "../support/test.ts";

function request(url: string, headers: Readonly<Record<string, string>> = {}): CdnRequest {
  const path = url.split("?")[0]!;
  return { mirror: "cdn", method: "GET", url, path, headers, body: "", atMs: 0, nth: 1 };
}

async function answer(resources: Resources, url: string, headers?: Readonly<Record<string, string>>) {
  const { status, headers: answered, body, isChunked } = await resourceLookup(resources)(
    request(url, headers),
  );
  const type = answered["content-type"];
  return { status, type, headers: answered, text: new TextDecoder().decode(body), isChunked };
}

test("resourceLookup() finds text, bytes and JSON in an object, a map and a function", async () => {
  const contents = {
    "/a.txt": "text",
    "/b": new Uint8Array([65, 66]),
    "/c": { json: { x: 1 } },
    "/d.json": "[1]",
    "/e.html": "<p>",
  };
  for (
    const resources of [contents, new Map(Object.entries(contents)), (path: string) => contents[path as "/b"]]
  ) {
    const answers = await Promise.all(Object.keys(contents).map((path) => answer(resources, path)));

    assertEquals(answers.map(({ text }) => text), ["text", "AB", '{"x":1}', "[1]", "<p>"]);
    assertEquals(answers.map(({ type }) => type), [
      "text/plain;charset=utf-8",
      "application/octet-stream",
      "application/json",
      "application/json",
      "text/html;charset=utf-8",
    ]);
  }
});

test("resourceLookup() prefers the URL with its query, and falls back to the path", async () => {
  const resources = { "/a": "plain", "/a?x=1": "with query" };

  assertEquals((await answer(resources, "/a?x=1")).text, "with query");
  assertEquals((await answer(resources, "/a?x=2")).text, "plain");
});

test("resourceLookup() answers 404 for a missing resource, whatever objects inherit", async () => {
  for (const resources of [{}, new Map<string, string>(), () => undefined]) {
    assertEquals((await answer(resources, "toString")).status, 404);
  }
});

test("resourceLookup() uses the status, headers and framing of a resource", async () => {
  const resources = {
    "/a": { body: "moved", status: 302, headers: { Location: "/b" } },
    "/b": { json: null, headers: { "Content-Type": "application/problem+json" }, chunked: true },
    "/empty": {},
  };
  const moved = await answer(resources, "/a");
  const typed = await answer(resources, "/b");

  assertEquals([moved.status, moved.headers.location, moved.text], [302, "/b", "moved"]);
  assertEquals([typed.type, typed.text, typed.isChunked], ["application/problem+json", "null", true]);
  assertEquals((await answer(resources, "/empty")).text, "");
});

test("resourceLookup() answers 304 to a client with the same entity tag", async () => {
  const resources = { "/a": { body: "x", etag: '"1"' } };

  assertEquals((await answer(resources, "/a")).headers.etag, '"1"');
  for (const [condition, status] of [['"1"', 304], ['"0", W/"1"', 304], ["*", 304], ['"2"', 200]] as const) {
    assertEquals((await answer(resources, "/a", { "if-none-match": condition })).status, status, condition);
  }
  assertEquals((await answer(resources, "/a", { "if-none-match": '"1"' })).text, "");
});

test("resourceLookup() waits for an asynchronous function, and passes the request to it", async () => {
  const resources: Resources = async (path, { headers }) => {
    await null;
    return `${path} ${headers["x-a"]}`;
  };

  assertEquals((await answer(resources, "/p?q", { "x-a": "1" })).text, "/p 1");
});

test("resourceLookup() answers 500 when the function throws or rejects", async () => {
  const failing: Resources[] = [
    () => {
      throw new Error("broken resource");
    },
    () => Promise.reject(new Error("broken resource")),
  ];
  for (const resources of failing) {
    const { status, text } = await answer(resources, "/");
    assertEquals([status, text], [500, "The resource function failed: Error: broken resource\n"]);
  }
});

test("resourceLookup() refuses a value that holds no resources", () => {
  for (const resources of ["x", 5, []]) {
    assertThrows(
      () => resourceLookup(resources as unknown as Resources),
      TypeError,
      `Cannot create simulated CDN as 'resources' must be an object, a map or a function: received ${
        Array.isArray(resources) ? "an array" : JSON.stringify(resources)
      }`,
    );
  }
});

test("resourceLookup() refuses content that it would serve in part, or as nothing", async () => {
  const refusals: readonly (readonly [unknown, string])[] = [
    [{ jsn: 1 }, "'resources[\"/a\"].jsn' is not an option: did you mean 'json'?"],
    [{ data: 1 }, "'resources[\"/a\"].data' is not an option: did you mean 'json'?"],
    [{ body: 5 }, "'resources[\"/a\"].body' must be a string or a Uint8Array: received 5"],
    [
      new ArrayBuffer(1),
      "'resources[\"/a\"]' must be a string, a Uint8Array, or an object such as { json: 1 }: received an object",
    ],
    [5, "'resources[\"/a\"]' must be a string, a Uint8Array, or an object such as { json: 1 }: received 5"],
    [
      null,
      "'resources[\"/a\"]' must be a string, a Uint8Array, or an object such as { json: 1 }: received null",
    ],
  ];
  for (const [content, message] of refusals) {
    const text = `Cannot create simulated CDN as ${message}`;
    for (const resources of [{ "/a": content }, new Map([["/a", content]])]) {
      assertThrows(() => resourceLookup(resources as Resources), TypeError, text);
    }
    for (const returned of [content, Promise.resolve(content)]) {
      const answered = await answer(() => returned as never, "/a");
      const said = text.replace('resources["/a"]', "resources()");
      assertEquals([answered.status, answered.text], [
        500,
        `The resource function failed: TypeError: ${said}\n`,
      ]);
    }
  }
});
