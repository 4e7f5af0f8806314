import { assertEquals } from "@std/assert";
import { basicAuthorization } from "../../src/http/basic_authorization.ts";
import { test } from "../support/test.ts";

test("basicAuthorization() encodes names and passwords as in RFC 7617", () => {
  assertEquals(basicAuthorization("Aladdin:open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  assertEquals(basicAuthorization("test:123£"), "Basic dGVzdDoxMjPCow==");
  assertEquals(basicAuthorization(`a:${"b".repeat(200_000)}`).length, 6 + Math.ceil(200_002 / 3) * 4);
});
