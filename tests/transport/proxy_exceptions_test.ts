import { assertEquals } from "@std/assert";
import { ProxyExceptions } from "../../src/transport/proxy_exceptions.ts";
import { test } from "../support/test.ts";

function exceptions(env: Readonly<Record<string, string>>): ProxyExceptions {
  return new ProxyExceptions((name) => env[name]);
}

test("ProxyExceptions.has() knows names, what is below them, addresses, and everything", () => {
  const some = exceptions({ NO_PROXY: "localhost, .Corp.test,10.0.0.1 ,::1,,a.b" });
  for (const host of ["localhost", "x.localhost", "corp.test", "x.y.corp.test", "10.0.0.1", "[::1]", "a.b"]) {
    assertEquals(some.has(host), true, host);
  }
  for (const host of ["local", "notcorp.test", "110.0.0.1", "[::2]", "b", "test"]) {
    assertEquals(some.has(host), false, host);
  }
  assertEquals(exceptions({ NO_PROXY: "a.test, *" }).has("any.test"), true);
});

test("ProxyExceptions.areThere says whether either variable names any", () => {
  const cases = [
    [{}, false],
    [{ NO_PROXY: "" }, false],
    [{ NO_PROXY: " , " }, false],
    [
      { no_proxy: "a" },
      true,
    ],
    [{ NO_PROXY: "", no_proxy: "a" }, true],
    [{ NO_PROXY: "a" }, true],
  ] as const;
  for (const [env, expected] of cases) assertEquals(exceptions(env).areThere, expected);
});
