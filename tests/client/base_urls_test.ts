import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { keepMirrors, toMirrors } from "../../src/client/base_urls.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import { sensitiveNames, toHeaderMap } from "../../src/http/headers.ts";
import { joinUrl } from "../../src/http/url.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { Lanes } from "../../src/lanes/lanes.ts";
import type { Mirror } from "../../src/policies/mirror.ts";
import { test } from "../support/test.ts";

function setUp() {
  const lanes = new Lanes((key) => new Lane({ key, breaker: undefined, bucket: undefined }));
  const headers = toHeaderMap({ accept: "application/json", "x-a": "client" }, "the client");
  const context = { lanes, headers, sensitive: sensitiveNames(["x-api-key"]) };
  return { lanes, mirrorsOf: (baseUrls: ClientOptions["baseUrls"]) => toMirrors(baseUrls, context) };
}

test("toMirrors() gives no mirrors without the option, and refuses an empty list", () => {
  const { mirrorsOf } = setUp();
  assertEquals(mirrorsOf(undefined), []);
  assertThrows(() => mirrorsOf([]), RangeError, "'baseUrls' must not be empty");
});

test("toMirrors() accepts every form of a URL, keeps the order, and shares the lane of an origin", () => {
  const { lanes, mirrorsOf } = setUp();
  const single = [mirrorsOf("https://a.test/x"), mirrorsOf(new URL("https://a.test/x"))];
  for (const [mirror] of single) assertEquals(mirror!.base, "https://a.test/x");

  const list = mirrorsOf(["https://b.test/y/", new URL("http://c.test:81"), { url: "https://a.test/z" }]);
  assertEquals(list.map(({ base }) => base), ["https://b.test/y/", "http://c.test:81/", "https://a.test/z"]);
  assertEquals(list.map(({ lane }) => lane.key), [
    "https://b.test",
    "http://c.test:81",
    "https://a.test",
  ]);
  assertStrictEquals(list[2]!.lane, single[0]![0]!.lane);
  assertStrictEquals(list[2]!.lane, lanes.get("https://a.test"));
});

test("toMirrors() gives a mirror's headers to that mirror only", () => {
  const { mirrorsOf } = setUp();
  const [first, second] = mirrorsOf([
    { url: "https://a.test", headers: { "X-Token": "secret", "X-A": "mirror" } },
    "https://b.test",
  ]);
  assertEquals({ ...first!.headers }, { accept: "application/json", "x-a": "mirror", "x-token": "secret" });
  assertEquals({ ...second!.headers }, { accept: "application/json", "x-a": "client" });
  assert(first!.sensitive.has("x-token") && first!.sensitive.has("x-a") && first!.sensitive.has("x-api-key"));
  assert(!second!.sensitive.has("x-token") && second!.sensitive.has("authorization"));
});

test("toMirrors() turns user info into a header, unless the mirror has that header itself", () => {
  const { mirrorsOf } = setUp();
  const [plain, replaced] = mirrorsOf([
    "https://max:secret@a.test/x",
    { url: new URL("https://max:secret@b.test/"), headers: { Authorization: "Bearer t" } },
  ]);
  assertEquals([plain!.base, replaced!.base], ["https://a.test/x", "https://b.test/"]);
  assertEquals(plain!.headers.authorization, `Basic ${btoa("max:secret")}`);
  assertEquals(replaced!.headers.authorization, "Bearer t");
  assert(plain!.sensitive.has("authorization"));
});

test("toMirrors() names the bad URL, without its secrets", () => {
  const { mirrorsOf } = setUp();
  for (
    const [url, rule] of [
      ["relative/path", "absolute http(s) URL"],
      ["ftp://a.test/", "absolute http(s) URL"],
      ["https://max:secret@", "absolute http(s) URL"],
      ["https://max:secret@a.test/?x=1", "no query and no fragment"],
      ["https://a.test/?token=secret", "no query and no fragment"],
      ["https://a.test/#secret", "no query and no fragment"],
    ] as const
  ) {
    const error = assertThrows(() => mirrorsOf(["https://b.test", url]), TypeError, `'baseUrls.1' must`);
    assert(error.message.includes(rule), `${url}: ${error.message}`);
    assert(
      !`${error.message} ${(error.cause as Error | undefined)?.message}`.includes("secret"),
      error.message,
    );
  }
});

test("toMirrors() gives no base an empty query or fragment at its end, which would swallow every path", () => {
  const { mirrorsOf } = setUp();
  for (const url of ["https://a.test/base?", "https://a.test/base#"]) {
    let base: string;
    try {
      base = mirrorsOf(url)[0]!.base;
    } catch (error) {
      assert(error instanceof TypeError);
      continue;
    }
    assertEquals(new URL(joinUrl(base, "laps.json")).href, "https://a.test/base/laps.json", url);
  }
});

test("toMirrors() names the mirror whose headers are bad", () => {
  const { mirrorsOf } = setUp();
  const mirrors = [{ url: "https://a.test", headers: { "bad name": "x" } }];
  assertThrows(() => mirrorsOf(mirrors), TypeError, "the headers of 'baseUrls.0'");
});

test("S17: toMirrors() shows no password that makes a base URL malformed", () => {
  const { mirrorsOf } = setUp();
  for (const delimiter of ["/", "?", "#", "\\"]) {
    for (const start of ["https://user:", "http://user:", "ftp://user:", "//user:", "https:user:"]) {
      const url = `${start}hunter2${delimiter}x@cdn.example.com/`;
      for (const baseUrls of [url, [url], [{ url }]]) {
        const error = assertThrows(() => mirrorsOf(baseUrls), TypeError, "'baseUrls.0' must", url);
        for (let each: unknown = error; each instanceof Error; each = each.cause) {
          assert(!`${each.message}${each.stack}`.includes("hunter2"), each.message);
        }
      }
    }
  }
});

test("toMirrors() creates lanes that are never forgotten, so that each origin keeps its lane", () => {
  const { lanes, mirrorsOf } = setUp();
  const [mirror] = mirrorsOf("https://mirror.test");
  for (let index = 0; index < 3_000; index++) lanes.get(`https://${index}.test`);
  assertStrictEquals(lanes.get("https://mirror.test"), mirror!.lane);
});

test("toMirrors() passes on a layout and the statuses to move on for", () => {
  const { mirrorsOf } = setUp();
  const [moved, plain] = mirrorsOf([
    { url: "https://a.test", path: (path) => `moved/${path}`, moveOn: [403, 404] },
    "https://b.test",
  ]);
  assertEquals([moved!.path?.("x"), [...moved!.moveOn!]], ["moved/x", [403, 404]]);
  assertEquals([plain!.path, plain!.moveOn], [undefined, undefined]);
  const [broken] = mirrorsOf([{ url: "https://a.test", path: () => undefined as never }]);
  const message = "the 'path' of 'baseUrls.0' must return a string: received undefined";
  assertThrows(() => broken!.path!("x"), TypeError, message);
});

test("keepMirrors() lets other code choose the mirrors, for that very array", () => {
  const { mirrorsOf } = setUp();
  const baseUrls = [{ url: "https://a.test" }];
  const kept: Mirror[] = [];
  keepMirrors(baseUrls, (mirrors, make) => {
    kept.push(make({ url: "https://b.test", headers: { "x-b": "1" } }), ...mirrors);
    return kept;
  });
  assertStrictEquals(mirrorsOf(baseUrls), kept);
  assertEquals(kept.map(({ base, headers }) => [base, headers["x-b"]]), [
    ["https://b.test/", "1"],
    ["https://a.test/", undefined],
  ]);
  assertEquals(mirrorsOf([...baseUrls]).length, 1);
});
