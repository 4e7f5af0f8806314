import { assertEquals } from "@std/assert";
import { isOn, lanesOf, type Mirror, namesOf, relativeTo, urlAt } from "../../src/policies/mirror.ts";
import { test } from "../support/test.ts";
import { fakeLane } from "./fake_call.ts";

function mirror(base: string, path?: Mirror["path"]): Mirror {
  return { base, path, lane: fakeLane(base), headers: {}, sensitive: new Set() };
}

test("relativeTo() is the inverse of urlAt(), and returns only URLs that urlAt() maps back", () => {
  const mirror = (base: string, path?: Mirror["path"]): Mirror =>
    ({ base, path, headers: {}, sensitive: new Set(), lane: undefined }) as unknown as Mirror;
  const bases = [mirror("https://a.test/v1"), mirror("https://b.test/"), mirror("https://c.test", String)];
  for (const url of ["x/y", "?page=2", "", "x?y=https://c.test/#z"]) {
    for (const base of bases.slice(0, 2)) assertEquals(relativeTo(bases, urlAt(base, url)), url);
  }
  for (
    const url of [
      "https://a.test/v1beta/x",
      "https://a.test/",
      "https://a.test/v1//x",
      "https://b.test/http:x",
      "https://b.tests/x",
      "https://c.test/x",
    ]
  ) {
    assertEquals(relativeTo(bases, url), undefined, url);
  }
});

test("urlAt() joins a base and a relative URL by the mirror's layout", () => {
  assertEquals(urlAt(mirror("https://a.test/v1"), "x.json?y"), "https://a.test/v1/x.json?y");
  const moved = mirror("https://a.test/v1/", (path) => `main/${path}`);
  assertEquals(["x.json", "/x.json", " x.json"].map((url) => urlAt(moved, url)), [
    "https://a.test/v1/main/x.json",
    "https://a.test/v1/main/x.json",
    "https://a.test/v1/main/x.json",
  ]);
  // A URL parser strips these at the end; with a layout they would be in the middle.
  const typed = mirror("https://a.test/v1", (path) => `${path}.json`);
  assertEquals(
    ["x", "x ", "/x\r\n", "\tx\0 "].map((url) => urlAt(typed, url)),
    Array(4).fill("https://a.test/v1/x.json"),
  );
});

test("namesOf() returns the URL of a resource at each mirror, if one of them has it", () => {
  const failing = () => {
    throw new Error("no path");
  };
  const mirrors = [
    mirror("https://a.test/v1"),
    mirror("https://B.test", (path) => `main/${path}`),
    mirror("https://c.test", failing),
  ];
  const names = ["https://a.test/v1/x?y", "https://b.test/main/x?y"];
  assertEquals(namesOf(mirrors, "x?y#z", false), names);
  assertEquals(namesOf(mirrors, "https://a.test/v1/x?y#z", true), names);
  assertEquals(namesOf(mirrors, "https://OTHER.test/x#z", true), ["https://other.test/x"]);
  assertEquals(namesOf([], "https://a.test/v1/x", false), ["https://a.test/v1/x"]);
});

test("lanesOf() returns the lanes of the mirrors that are not left out, in their order", () => {
  const off = new Set(["b"]);
  const mirrors = ["a", "b", "c"].map((name): Mirror => ({
    base: `https://${name}.test`,
    lane: fakeLane(`https://${name}.test`),
    headers: {},
    sensitive: new Set(),
    isOff: name === "c" ? undefined : () => off.has(name),
  }));
  assertEquals(mirrors.map(isOn), [true, false, true]);
  assertEquals(lanesOf(mirrors).map(({ key }) => key), ["https://a.test", "https://c.test"]);
});
