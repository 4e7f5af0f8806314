import { assertEquals } from "@std/assert";
import type { HeaderMap } from "../../../src/http/headers.ts";
import { TtlRules } from "../../../src/http_cache/ttl_rules.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";

const request = fc.record({
  url: fc.constantFrom("https://a.test/", "https://a.test/#x", "https://a.test/?a=1", "https://b.test/\n"),
  partition: fc.constantFrom("", "a", "\n", "a\n"),
  headers: fc.array(
    fc.tuple(fc.constantFrom("accept", "x-a", "__proto__", "constructor"), fc.constantFrom("", "a", "b")),
  )
    .map((pairs): HeaderMap => {
      const headers: Record<string, string> = Object.create(null);
      for (const [name, value] of pairs) headers[name] = value;
      return headers;
    }),
});

test("TtlRules.primaryKey() is the same for two requests if and only if URL, partition and headers are", () => {
  const rules = new TtlRules({ ttlMs: () => 1_000, negative: {}, onError: () => {} }, {});
  const partsOf = ({ url, partition, headers }: Parameters<TtlRules["primaryKey"]>[0]): string =>
    JSON.stringify([url.replace(/#.*/, ""), partition, Object.entries(headers).sort()]);
  fc.assert(fc.property(request, request, (one, other) => {
    assertEquals(rules.primaryKey(one) === rules.primaryKey(other), partsOf(one) === partsOf(other));
  }));
});
