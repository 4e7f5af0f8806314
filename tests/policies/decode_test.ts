import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { InvalidDataError } from "../../src/errors.ts";
import type { Call } from "../../src/policies/call.ts";
import { decodeReply } from "../../src/policies/decode.ts";
import { Reply } from "../../src/policies/reply.ts";
import type { Settings } from "../../src/policies/settings.ts";
import { test } from "../support/test.ts";
import { fakeCall } from "./fake_call.ts";

function callOf(settings: Partial<Settings> = {}, streams = false): Call {
  return fakeCall({ settings, streams });
}

function replyOf(body: string | undefined, status = 200): Reply {
  const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
  return new Reply({ status, headers: new Headers(), url: "" }, { from: "network", body: bytes });
}

test("decodeReply() keeps the value and the call that it was decoded for, at once", () => {
  for (
    const [as, value] of [["json", [1]], ["text", "[1]"], ["bytes", new Uint8Array([91, 49, 93])]] as const
  ) {
    const [call, reply] = [callOf({ as }), replyOf("[1]")];
    assertEquals(decodeReply(call, reply), undefined);
    assertEquals(reply.value, value);
    assertStrictEquals(reply.decodedFor, call);
  }
});

test("decodeReply() accepts a body that is text already", () => {
  const reply = new Reply({ status: 200, headers: new Headers(), url: "" }, { from: "network", body: "[1]" });
  assertEquals([decodeReply(callOf(), reply), reply.value], [undefined, [1]]);
});

test("decodeReply() does not touch errors, open bodies and bodies for the caller", () => {
  const cases = [
    [callOf({}, true), replyOf("<html>")],
    [callOf(), replyOf("<html>", 500)],
    [callOf(), replyOf("<html>", 404)],
    [callOf(), replyOf(undefined)],
  ] as const;
  for (const [call, reply] of cases) {
    assertEquals([decodeReply(call, reply), reply.decodedFor, reply.value], [
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test("decodeReply() gives undefined for an empty body, also with 204 and 304", () => {
  for (const status of [200, 204, 304]) {
    const [call, reply] = [callOf(), replyOf("", status)];
    decodeReply(call, reply);
    assertEquals([reply.decodedFor === call, reply.value], [true, undefined]);
  }
});

test("decodeReply() applies the schema, unless the call says not to", () => {
  const schema = v.pipe(v.array(v.number()), v.transform((numbers) => numbers.length));
  const [checked, unchecked] = [replyOf("[1,2]"), replyOf("[1,2]")];
  decodeReply(callOf({ schema }), checked);
  decodeReply(callOf({ schema, validate: false }), unchecked);
  assertEquals([checked.value, unchecked.value], [2, [1, 2]]);
});

test("decodeReply() throws for text that is not JSON or does not fit, without the URL's secrets", () => {
  for (const [body, reason] of [["<html>", "not-json"], ["[1,", "truncated"], ["1", "schema"]] as const) {
    const call = callOf({ schema: v.string() });
    const error = assertThrows(() => decodeReply(call, replyOf(body)), InvalidDataError);
    assertEquals([error.reason, error.url, error.method], [reason, "https://a.test/x?token=***", "GET"]);
  }
});

test("decodeReply() returns a promise for an asynchronous schema, and then the value", async () => {
  const schema = v.pipeAsync(v.number(), v.checkAsync((number) => Promise.resolve(number === 1), "not one"));
  const reply = replyOf("1");
  const decoding = decodeReply(callOf({ schema }), reply);
  assertEquals(decoding instanceof Promise, true);
  assertEquals([await decoding, reply.value], [undefined, 1]);
  await assertRejects(() => decodeReply(callOf({ schema }), replyOf("2"))!, InvalidDataError, "not one");
});
