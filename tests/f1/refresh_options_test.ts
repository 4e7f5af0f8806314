import { assertEquals } from "@std/assert";
import type { F1RequestOptions } from "../../src/f1/payload_request.ts";
import { refreshOptions } from "../../src/f1/refresh_options.ts";
import { test } from "../support/test.ts";

test("refreshOptions() adds a header to those of the caller, in whatever form they are", () => {
  const expected = { "x-a": "1", "cache-control": "no-cache" };
  for (const headers of [{ "X-A": "1" }, new Headers({ "x-a": "1" })]) {
    const { headers: sent, ...others } = refreshOptions({ headers, timeoutMs: 5 });
    assertEquals([{ ...sent as Record<string, string> }, others], [expected, { timeoutMs: 5 }]);
  }
  const { headers } = refreshOptions<F1RequestOptions>({});
  assertEquals({ ...headers as Record<string, string> }, { "cache-control": "no-cache" });
});
