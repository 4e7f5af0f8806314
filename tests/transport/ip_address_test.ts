import { assertEquals } from "@std/assert";
import { formatIpv6, isIpAddress, toUrlHost } from "../../src/transport/ip_address.ts";
import { test } from "../support/test.ts";

test("isIpAddress() tells addresses from names", () => {
  for (const address of ["127.0.0.1", "::1", "[2001:db8::1]"]) assertEquals(isIpAddress(address), true);
  for (const name of ["a.test", "1.example", "127.0.0.1.test", "localhost"]) {
    assertEquals(isIpAddress(name), false);
  }
});

test("toUrlHost() puts brackets around what needs them", () => {
  assertEquals(["a.test", "127.0.0.1", "::1"].map(toUrlHost), ["a.test", "127.0.0.1", "[::1]"]);
});

test("formatIpv6() gives what a URL takes for the same address", () => {
  const text = formatIpv6(Uint8Array.of(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff));
  assertEquals(new URL(`http://[${text}]/`).hostname, "[2001:db8::ff]");
});
