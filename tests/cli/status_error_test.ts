import { assertEquals } from "@std/assert";
import { excerptOf, statusError } from "../../src/cli/status_error.ts";
import { isDataNotFoundError, isHttpError } from "../../src/errors.ts";
import { test } from "../support/test.ts";

const ABOUT = {
  method: "GET",
  url: "https://u:s3cret@h/a?token=s3cret",
  attempts: 2,
  body: "why",
};

test("statusError() names method, URL and attempts, and no secret", () => {
  const error = statusError(new Response(null, { status: 422 }), ABOUT);
  assertEquals([error.message, error.body, isHttpError(error)], [
    "GET https://***@h/a?token=*** was answered with 422 (2 attempts)",
    "why",
    true,
  ]);
  const missing = statusError(new Response(null, { status: 404 }), { ...ABOUT, attempts: 1 });
  assertEquals([isDataNotFoundError(missing), missing.message.endsWith("404 (1 attempt)")], [true, true]);
  const unknown = statusError(new Response(null, { status: 410 }), { ...ABOUT, attempts: 0 });
  assertEquals(unknown.message.endsWith("was answered with 410"), true);
});

test("excerptOf() reads the beginning of a body, however long it is, even if it breaks off", async () => {
  let isCancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("é".repeat(600))),
    cancel: () => void (isCancelled = true),
  });
  assertEquals([await excerptOf(new Response(endless)), isCancelled], ["é".repeat(1_000), true]);
  const breaking = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("half")),
    pull: (controller) => controller.error(new Error("broken")),
  });
  assertEquals(["half", ""].includes(await excerptOf(new Response(breaking))), true);
  assertEquals(await excerptOf(new Response(null)), "");
});

test("excerptOf() reads characters whole whose bytes come apart", async () => {
  const bytes = new TextEncoder().encode("é€\u{1f600}");
  const body = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
  assertEquals(await excerptOf(new Response(body)), "é€\u{1f600}");
});
