import { assertEquals } from "@std/assert";
import { isRepeatable, signalOf } from "../../src/transport/sending.ts";
import { test } from "../support/test.ts";

const URL_A = "http://a.test/";

test("isRepeatable() is false for bodies that an attempt uses up", () => {
  const stream = () => new Blob(["x"]).stream();
  const request = new Request(URL_A, { method: "POST", body: "x" });
  const cases: readonly (readonly [string | Request, RequestInit | undefined, boolean])[] = [
    [URL_A, undefined, true],
    [URL_A, { method: "POST", body: "x" }, true],
    [URL_A, { method: "POST", body: stream() }, false],
    [new Request(URL_A), undefined, true],
    [request, undefined, false],
    [request, { body: "y" }, true],
  ];
  for (const [input, init, expected] of cases) assertEquals(isRepeatable(input, init), expected);
});

test("signalOf() prefers the signal of the init to that of the request", () => {
  const [own, other] = [new AbortController(), new AbortController()];
  const request = new Request(URL_A, { signal: own.signal });
  assertEquals(signalOf(request, { signal: other.signal }), other.signal);
  assertEquals(signalOf(URL_A, undefined), undefined);
  const followed = signalOf(request, undefined);
  own.abort();
  assertEquals(followed?.aborted, true);
});
