import { assertEquals } from "@std/assert";
import type { Mirror } from "../../src/policies/mirror.ts";
import { PageHome } from "../../src/streams/page_home.ts";
import { test } from "../support/test.ts";

function mirror(base: string, path?: Mirror["path"]): Mirror {
  return { base, headers: {}, sensitive: new Set(), lane: undefined as never, path };
}

/** Returns the URL of a reference on a page, and whether it is foreign. */
function found(
  home: PageHome,
  reference: string,
  pageUrl: string,
): [url: string, isForeign: boolean] | undefined {
  const place = home.find(reference, pageUrl);
  return place && [place.url, place.isForeign];
}

test("PageHome.find() resolves references against the page that has them", () => {
  const home = new PageHome("https://a.test/items", []);
  const page = "https://a.test/v2/items?page=1";
  assertEquals(found(home, "?page=2", page), ["https://a.test/v2/items?page=2", false]);
  assertEquals(found(home, "more", page), ["https://a.test/v2/more", false]);
  assertEquals(found(home, "/root", page), ["https://a.test/root", false]);
  assertEquals(found(home, "//a.test/x", page), ["https://a.test/x", false]);
});

test("PageHome.urlOf() returns the requested URL of a page whose response has none", () => {
  const home = new PageHome("https://a.test/items", []);
  assertEquals(home.urlOf(""), "https://a.test/items");
  assertEquals(home.urlOf("https://a.test/v2/items"), "https://a.test/v2/items");
  home.find("../other/2", home.urlOf(""));
  assertEquals(home.urlOf(""), "https://a.test/other/2");
});

test("PageHome.find() finds nothing in a reference that is no http URL", () => {
  const home = new PageHome("https://a.test/items", []);
  for (const reference of ["https://[", "javascript:alert(1)", "file:///etc/passwd", "data:,x", "http://"]) {
    assertEquals(home.find(reference, "https://a.test/items"), undefined, reference);
  }
});

test("PageHome.find() calls a page of another origin foreign, and all pages after it", () => {
  for (const other of ["https://b.test/", "http://a.test/", "https://a.test:8443/", "https://sub.a.test/"]) {
    const home = new PageHome("https://a.test/items", []);
    assertEquals(found(home, "https://a.test/2", "https://a.test/1"), ["https://a.test/2", false]);
    assertEquals(found(home, other, "https://a.test/2"), [other, true], other);
    assertEquals(found(home, "https://a.test/3", other), ["https://a.test/3", true], other);
  }
});

test("PageHome.find() calls a page foreign that a redirect has led to", () => {
  const home = new PageHome("https://a.test/items", []);
  assertEquals(found(home, "?page=2", "https://b.test/items"), ["https://b.test/items?page=2", true]);
});

test("PageHome.find() returns relative URLs if mirrors complete them, whichever mirror has answered", () => {
  const home = new PageHome("items", [mirror("https://a.test/v1"), mirror("https://b.test/data/")]);
  assertEquals(home.urlOf(""), "https://a.test/v1/items");
  assertEquals(found(home, "?page=2", "https://a.test/v1/items"), ["items?page=2", false]);
  assertEquals(found(home, "?page=3", "https://b.test/data/items?page=2"), ["items?page=3", false]);
  assertEquals(found(home, "https://b.test/data/x/y", "https://a.test/v1/items"), ["x/y", false]);
  assertEquals(found(home, "/v1?page=4", "https://a.test/v1/items"), ["?page=4", false]);
  // Of the same origin, but not under the base.
  assertEquals(found(home, "/v1beta/x", "https://a.test/v1/items"), ["https://a.test/v1beta/x", false]);
  assertEquals(found(home, "https://c.test/v1/x", "https://a.test/v1/items"), ["https://c.test/v1/x", true]);
});

test("PageHome.find() keeps the URLs of a mirror with a layout of its own", () => {
  const home = new PageHome("items", [mirror("https://a.test/v1", (path) => `x/${path}`)]);
  assertEquals([home.urlOf(""), found(home, "?page=2", "https://a.test/v1/x/items")], [
    "https://a.test/v1/x/items",
    ["https://a.test/v1/x/items?page=2", false],
  ]);
});

test("PageHome.find() does not go back to the mirrors after it has left them", () => {
  const home = new PageHome("items", [mirror("https://a.test/v1/"), mirror("https://b.test/")]);
  assertEquals(found(home, "?page=2", "https://b.test/items"), ["items?page=2", false]);
  assertEquals(found(home, "https://c.test/3", "https://b.test/items"), ["https://c.test/3", true]);
  assertEquals(found(home, "https://b.test/items?page=4", "https://c.test/3"), [
    "https://b.test/items?page=4",
    true,
  ]);
});

test("PageHome keeps a relative URL if no mirror can complete it", () => {
  const home = new PageHome("items", []);
  assertEquals([home.urlOf(""), home.find("?page=2", "items")], ["items", undefined]);
});
