import { assertEquals } from "@std/assert";
import { Reply } from "../../src/policies/reply.ts";
import { test } from "../support/test.ts";

test("Reply begins unshared, undecoded, and without a wait", () => {
  const head = { status: 200, headers: new Headers(), url: "https://a.test/" };
  const reply = new Reply(head, { from: "network", body: "1" });
  assertEquals([reply.shared, reply.decodedFor, reply.value, reply.retryAfterMs], [
    false,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals([reply.body, reply.openBody], ["1", undefined]);
});
