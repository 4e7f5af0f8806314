import { assertEquals } from "@std/assert";
import { addHost } from "../../../src/runtime/terminal/no_proxy.ts";
import { test } from "../../support/test.ts";

test("addHost() adds a host once, and keeps the others", () => {
  assertEquals(addHost(undefined, "127.0.0.1"), "127.0.0.1");
  assertEquals(addHost("", "127.0.0.1"), "127.0.0.1");
  assertEquals(addHost("localhost, .corp,", "127.0.0.1"), "localhost,.corp,127.0.0.1");
  assertEquals(addHost("127.0.0.1,x", "127.0.0.1"), "127.0.0.1,x");
});
