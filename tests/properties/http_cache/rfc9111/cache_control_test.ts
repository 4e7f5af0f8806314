import { assert, assertEquals } from "@std/assert";
import {
  directiveMs,
  isNoCache,
  noCacheFields,
  parseCacheControl,
} from "../../../../src/http_cache/rfc9111/cache_control.ts";
import { MAX_DELTA_MS } from "../../../../src/http_cache/rfc9111/delta_seconds.ts";
import { freshnessLifetimeMs } from "../../../../src/http_cache/rfc9111/freshness.ts";
import { fc } from "../../property.ts";
import { test } from "../../../support/test.ts";
import { NOW } from "../../../http_cache/rfc9111/stored.ts";

const NAMES = ["max-age", "no-cache", "no-store", "stale-if-error", "private", "x-own"];
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,8}$/);
const directive = fc.record({
  name: fc.oneof(fc.constantFrom(...NAMES), token),
  value: fc.option(fc.oneof(token, fc.nat().map(String), fc.string({ unit: "binary-ascii", maxLength: 8 }))),
  isQuoted: fc.boolean(),
});
/** Draws pieces of directives, in any order. */
const soup = fc.array(fc.constantFrom(...NAMES, "=", ",", '"', "\\", " ", "\t", "60", "-1", ";", "ä")).map((
  pieces,
) => pieces.join(""));

test("parseCacheControl() reads back what was written, tokens and quoted strings alike", () => {
  fc.assert(fc.property(fc.array(directive), (directives) => {
    const expected = new Map<string, (string | null)[]>();
    const written = directives.map(({ name, value, isQuoted }) => {
      const isToken = value === null || /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(value);
      const text = value === null
        ? ""
        : isToken && !isQuoted
        ? `=${value}`
        : `="${value.replace(/["\\]/g, "\\$&")}"`;
      expected.set(name, [...(expected.get(name) ?? []), value]);
      return `${name.toUpperCase()}${text}`;
    });
    assertEquals(new Map(parseCacheControl(written.join(" ,\t"))), expected);
  }));
});

test("directiveMs() gives a time within bounds or nothing, and names fields that can be names", () => {
  fc.assert(fc.property(fc.oneof(soup, fc.string()), (text) => {
    const directives = parseCacheControl(text);
    for (const name of NAMES) {
      const ms = directiveMs(directives, name);
      assert(ms === undefined || (ms >= 0 && ms <= MAX_DELTA_MS), `${ms}`);
      assertEquals(ms === undefined, !directives.has(name));
    }
    for (const field of noCacheFields(directives)) assert(/^[^\s,"]+$/.test(field), field);
    assert(!isNoCache(directives) || directives.has("no-cache"));
  }));
});

test("freshnessLifetimeMs() is never longer than the shortest max-age, whatever stands beside it", () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      soup.filter((text) => !text.includes('"')),
      fc.boolean(),
      (age, text, first) => {
        const parts = [`max-age=${age}`, text];
        const value = (first ? parts : parts.reverse()).join(", ");
        const fields = { get: (name: string) => name === "cache-control" ? value : null };
        const ms = freshnessLifetimeMs({ status: 200, fields, storedAtMs: NOW });
        assert(ms >= 0 && ms <= age * 1_000, `${ms}`);
      },
    ),
  );
});
