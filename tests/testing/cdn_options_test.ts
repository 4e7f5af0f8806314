import { assertEquals, assertThrows } from "@std/assert";
import { checkedMirrors, type SimulatedMirrorOptions } from "../../src/testing/cdn_options.ts";
import { test } from "../support/test.ts";

test("checkedMirrors() has one mirror for every origin if none is named", () => {
  assertEquals(checkedMirrors(undefined), [{ name: "cdn" }]);
});

test("checkedMirrors() gives each mirror an origin of its own", () => {
  const mirrors = checkedMirrors(["Near", { name: "far", origin: "https://example.com:8443", latency: 5 }]);

  assertEquals(mirrors, [
    { name: "Near", origin: "https://near.test" },
    { name: "far", origin: "https://example.com:8443", latency: 5 },
  ]);
});

test("checkedMirrors() refuses mirrors without names, with bad origins, and duplicates", () => {
  const refuse = (mirrors: unknown, message: string) =>
    assertThrows(() => checkedMirrors(mirrors as SimulatedMirrorOptions[]), TypeError, message);

  refuse([], "Cannot create simulated CDN as 'mirrors' must be an array of at least one mirror");
  refuse("a", "'mirrors' must be an array");
  refuse(5, "'mirrors' must be an array");
  refuse([5], "'mirrors[0]' must be a name, or an object with a name: received 5");
  refuse(["a", null], "'mirrors[1]' must be a name, or an object with a name: received null");
  refuse([{}], "'mirrors[0].name' must be a string that is not empty: received undefined");
  refuse(
    ["a", { name: "b", latencyMs: 5 }],
    "'mirrors[1].latencyMs' is not an option: did you mean 'latency'?",
  );
  refuse([""], "'mirrors[0].name' must be a string that is not empty: received \"\"");
  refuse(["a", { name: "b", origin: "https://b.test/path" }], "'mirrors[1].origin' must be an origin");
  refuse(["a", "a"], "'mirrors[].name' must be different for every mirror: received \"a\"");
  refuse(["a", { name: "b", origin: "https://a.test" }], "'mirrors[].origin' must be different");
});
