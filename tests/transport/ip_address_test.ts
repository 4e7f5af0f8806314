import { assertEquals } from "@std/assert";
import {
  formatIpv6,
  isIpAddress,
  parseIpAddress,
  toUrlHost,
  withoutBrackets,
} from "../../src/transport/ip_address.ts";
import { test } from "../support/test.ts";

test("isIpAddress() tells addresses from names", () => {
  for (const address of ["127.0.0.1", "::1", "[2001:db8::1]"]) assertEquals(isIpAddress(address), true);
  for (const name of ["a.test", "1.example", "127.0.0.1.test", "localhost"]) {
    assertEquals(isIpAddress(name), false);
  }
});

test("toUrlHost() puts brackets around IPv6 addresses", () => {
  assertEquals(["a.test", "127.0.0.1", "::1"].map(toUrlHost), ["a.test", "127.0.0.1", "[::1]"]);
});

test("withoutBrackets() takes the brackets from IPv6 addresses", () => {
  assertEquals(["a.test", "127.0.0.1", "[::1]", "::1"].map(withoutBrackets), [
    "a.test",
    "127.0.0.1",
    "::1",
    "::1",
  ]);
});

test("formatIpv6() writes an address as a URL does", () => {
  const text = formatIpv6(Uint8Array.of(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff));
  assertEquals(new URL(`http://[${text}]/`).hostname, "[2001:db8::ff]");
});

test("parseIpAddress() reads the output of formatIpv6(), and addresses of both kinds in any form", () => {
  const cases: readonly (readonly [string, readonly number[] | undefined])[] = [
    ["127.0.0.1", [127, 0, 0, 1]],
    ["::", Array(16).fill(0)],
    ["::1", [...Array(15).fill(0), 1]],
    ["[fe80::]", [0xfe, 0x80, ...Array(14).fill(0)]],
    ["1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ["::ffff:10.0.0.1", [...Array(10).fill(0), 255, 255, 10, 0, 0, 1]],
    ["a.test", undefined],
    ["1.example", undefined],
    ["a:b:c", undefined],
  ];
  for (const [host, bytes] of cases) assertEquals(parseIpAddress(host), bytes);
  const bytes = Uint8Array.of(0x20, 1, 0, 0, 0, 0, 0, 0, 0xab, 0, 0, 1, 0, 0, 0, 9);
  assertEquals(parseIpAddress(formatIpv6(bytes)), [...bytes]);
});
