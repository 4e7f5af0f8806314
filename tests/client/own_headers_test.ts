import { assertEquals, assertStrictEquals } from "@std/assert";
import { withOwnHeaders } from "../../src/client/own_headers.ts";
import { test } from "../support/test.ts";

test("withOwnHeaders() gives a function headers that it may change, and all else as it is", async () => {
  const seen: (RequestInit | undefined)[] = [];
  const fetch = withOwnHeaders((_input, init) => {
    seen.push(init);
    const headers = init?.headers as Record<string, string> | undefined;
    if (headers !== undefined) headers.authorization = "secret";
    return Promise.resolve(new Response());
  });
  const headers = Object.freeze({ accept: "text/plain" });
  const { signal } = new AbortController();
  await fetch("https://a.test/", { headers, signal, redirect: "manual" });
  await fetch("https://a.test/", { redirect: "manual" });
  await fetch("https://a.test/");
  assertEquals(seen, [
    { headers: { accept: "text/plain", authorization: "secret" }, signal, redirect: "manual" },
    { redirect: "manual" },
    undefined,
  ]);
  assertEquals(headers, { accept: "text/plain" });
});

test("withOwnHeaders() passes on the caller's own Headers and lists as they are", async () => {
  const seen: unknown[] = [];
  const fetch = withOwnHeaders((_input, init) => {
    seen.push(init?.headers);
    return Promise.resolve(new Response());
  });
  const given = [new Headers({ "x-a": "1" }), [["x-a", "1"]] as [string, string][]];
  for (const headers of given) await fetch("data:,x", { headers });
  assertStrictEquals(seen[0], given[0]);
  assertStrictEquals(seen[1], given[1]);
});
