import { assertEquals, assertStrictEquals } from "@std/assert";
import { redactError } from "../../src/http/redact_error.ts";
import { test } from "../support/test.ts";

const SECRET = "https://a.test/x?token=hunter2";

test("redactError() gives the very same error when it quotes no secret", () => {
  const error = new TypeError("fetch failed", { cause: new Error("refused by https://a.test/x") });
  assertStrictEquals(redactError(error, "https://a.test/x"), error);
});

test("S17: redactError() takes secrets out of the message and of every cause, and keeps name and code", () => {
  const inner = Object.assign(new Error(`no route to (${SECRET})`), { code: "EHOSTUNREACH" });
  const shown = redactError(new TypeError("fetch failed", { cause: inner }), SECRET) as Error;
  const cause = shown.cause as Error & { readonly code: string };
  assertEquals([shown.name, shown.message], ["TypeError", "fetch failed"]);
  assertEquals([cause.message, cause.code], ["no route to (https://a.test/x?token=***)", "EHOSTUNREACH"]);
});

test("S17: redactError() takes out the secrets of URLs that nobody asked for, such as a redirect's", () => {
  const error = new Error("sending to https://user:pw@b.test/?X-Amz-Signature=hunter2 failed");
  const shown = redactError(error, "https://a.test/") as Error;
  assertEquals(/hunter2|pw@/.test(shown.message), false);
});

test("S17: redactError() drops a path that holds a secret", () => {
  const shown = redactError(Object.assign(new Error("failed"), { path: SECRET }), SECRET);
  assertEquals("path" in (shown as Error), false);
});

test("redactError() leaves alone what is no error", () => {
  assertEquals(redactError("thrown", SECRET), "thrown");
});
