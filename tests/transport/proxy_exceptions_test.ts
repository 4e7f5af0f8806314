import { assertEquals } from "@std/assert";
import { ProxyExceptions } from "../../src/transport/proxy_exceptions.ts";
import { test } from "../support/test.ts";

function exceptions(env: Readonly<Record<string, string>>): ProxyExceptions {
  return new ProxyExceptions((name) => env[name]);
}

test("ProxyExceptions.has() matches names, their subdomains, addresses, and everything", () => {
  const some = exceptions({ NO_PROXY: "localhost, .Corp.test,10.0.0.1 ,::1,,a.b" });
  for (const host of ["localhost", "x.localhost", "corp.test", "x.y.corp.test", "10.0.0.1", "[::1]", "a.b"]) {
    assertEquals(some.has(host), true, host);
  }
  for (const host of ["local", "notcorp.test", "110.0.0.1", "[::2]", "b", "test"]) {
    assertEquals(some.has(host), false, host);
  }
  assertEquals(exceptions({ NO_PROXY: "a.test, *" }).has("any.test"), true);
});

test("ProxyExceptions.has() matches networks, and addresses in any form", () => {
  const some = exceptions({
    NO_PROXY: "10.0.0.0/8, 192.168.77.9/20,172.16.1.1/31,2001:DB8::/33,0:0::1,1.2.3.4/32",
  });
  const within = [
    "10.255.0.1",
    "192.168.64.0",
    "192.168.79.255",
    "172.16.1.0",
    "[2001:db8:7fff::1]",
    "[::1]",
    "1.2.3.4",
  ];
  for (const host of within) assertEquals(some.has(host), true, host);
  const without = [
    "11.0.0.1",
    "192.168.80.0",
    "172.16.1.2",
    "[2001:db8:8000::1]",
    "[::a00:1]",
    "1.2.3.5",
    "10.test",
  ];
  for (const host of without) assertEquals(some.has(host), false, host);
  const all = exceptions({ NO_PROXY: "1.1.1.1/0" });
  assertEquals([all.has("9.9.9.9"), all.has("[::9]"), all.has("a.test")], [true, false, false]);
  for (const none of ["10.0.0.1/", "10.0.0.1/33", "::1/129", "10/8", "10.*", "10.0.0.1:80"]) {
    assertEquals(["10.0.0.1", "[::1]"].map((host) => exceptions({ NO_PROXY: none }).has(host)), [
      false,
      false,
    ]);
  }
});

test("ProxyExceptions.mayBeThere says whether either variable names a host, or can't be read", () => {
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
  for (const [env, expected] of cases) assertEquals(exceptions(env).mayBeThere, expected);
  for (const hidden of ["NO_PROXY", "no_proxy"]) {
    const { areUnknown, mayBeThere } = new ProxyExceptions((name) => name === hidden ? null : undefined);
    assertEquals([areUnknown, mayBeThere], [true, true]);
  }
});
