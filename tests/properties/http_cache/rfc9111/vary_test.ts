import { assert, assertEquals } from "@std/assert";
import { initialAgeMs } from "../../../../src/http_cache/rfc9111/age.ts";
import { MAX_DELTA_MS } from "../../../../src/http_cache/rfc9111/delta_seconds.ts";
import {
  extendIndex,
  matchesVary,
  primaryKey,
  selectedHeaders,
  variantKey,
  varyNames,
} from "../../../../src/http_cache/rfc9111/vary.ts";
import { fc } from "../../property.ts";
import { test } from "../../../support/test.ts";
import { NOW } from "../../../http_cache/rfc9111/stored.ts";

const name = fc.constantFrom("accept", "accept-language", "x-a", "x-b", "__proto__", "constructor");
const headerValue = fc.oneof(
  fc.constantFrom("a", "A", "a,b", "a, b", " a", '"a, b"', '"a,b"', ""),
  fc.string(),
);
const headers = fc.dictionary(name, headerValue, { noNullPrototype: false }).map((values) =>
  Object.assign(Object.create(null), values) as Record<string, string>
);
const names = fc.uniqueArray(name).map((names) => [...names].sort());

test("varyNames() finds names however they are written, and nothing where one is none", () => {
  const separator = fc.constantFrom(",", ", ", " ,\t", ",,");
  fc.assert(fc.property(fc.array(name), separator, fc.boolean(), (names, separator, isUpper) => {
    const text = names.join(separator);
    const value = isUpper ? text.toUpperCase() : text;
    const expected = [...new Set(names)].sort();
    assertEquals(varyNames({ get: () => value }), expected);
    for (const bad of ["*", "a b", "ä", '"a"']) {
      assertEquals(varyNames({ get: () => `${value},${bad}` }), undefined);
    }
  }));
});

test("variantKey() is the same for two requests if and only if matchesVary() says so", () => {
  fc.assert(fc.property(names, headers, headers, (names, one, other) => {
    const index = { names, generation: "g" };
    const isSame = variantKey("p\n", index, one) === variantKey("p\n", index, other);
    assertEquals(matchesVary(selectedHeaders(names, one), other), isSame);
    const isEqual = names.every((name) => one[name] === other[name]);
    if (isEqual) assert(isSame);
  }));
});

test("variantKey() never equals another URL's or partition's, nor a primary key", () => {
  const url = fc.webUrl();
  fc.assert(
    fc.property(url, url, fc.string(), fc.string(), headers, (url, other, partition, second, headers) => {
      const index = { names: ["x-a"], generation: "g" };
      const keys = [primaryKey(url, partition), variantKey(primaryKey(url, partition), index, headers)];
      assertEquals(new Set(keys).size, 2);
      if (url === other && partition === second) return;
      for (const key of [primaryKey(other, second), variantKey(primaryKey(other, second), index, headers)]) {
        assert(!keys.includes(key), key);
      }
    }),
  );
});

test("extendIndex() loses no name, and keeps its generation", () => {
  fc.assert(fc.property(fc.array(names, { minLength: 1 }), (many) => {
    let made = 0;
    let index = extendIndex(undefined, many[0]!, () => `${made++}`);
    for (const names of many) index = extendIndex(index, names, () => `${made++}`);
    assertEquals([index.names, index.generation, made], [[...new Set(many.flat())].sort(), "0", 1]);
  }));
});

test("initialAgeMs() is within bounds, whatever Age and Date say", () => {
  const age = fc.oneof(
    fc.nat().map(String),
    fc.string(),
    fc.double().map(String),
    fc.constant("9".repeat(400)),
  );
  const date = fc.oneof(fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()), fc.string());
  const second = fc.integer({ min: -1e9, max: 1e9 });
  fc.assert(fc.property(age, date, second, (age, date, tookMs) => {
    const fields = { get: (name: string) => name === "age" ? age : name === "date" ? date : null };
    const ms = initialAgeMs(fields, { requestedAtMs: NOW, storedAtMs: NOW + tookMs });
    assert(ms >= 0 && ms <= MAX_DELTA_MS, `${ms}`);
    assert(ms >= Math.min(Math.max(0, tookMs), MAX_DELTA_MS));
  }));
});
