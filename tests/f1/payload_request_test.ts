import { assertEquals, assertThrows } from "@std/assert";
import { createClient } from "../../src/client/create_client.ts";
import { lapTimesSchema } from "../../src/f1/lap_times.ts";
import { sessionFolder } from "../../src/f1/path.ts";
import { payloadRequest, type SourceContext } from "../../src/f1/payload_request.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { test } from "../support/test.ts";

const FOLDER = sessionFolder(2026, "Monaco Grand Prix", "Race");
const LAPS_URL = "2026@main/Monaco%20Grand%20Prix/Race/VER/laptimes.json";

function contextOf(validate: boolean): SourceContext {
  return { client: createClient(), clock: systemClock, validate };
}

test("payloadRequest() adds the schema of the path, and none of the caller's other options", () => {
  assertEquals(payloadRequest(contextOf(true), FOLDER, "VER/laptimes.json", { timeoutMs: 5 }), {
    url: LAPS_URL,
    schema: lapTimesSchema,
  });
});

test("payloadRequest() says that a payload is not to be checked", () => {
  const unchecked = { url: LAPS_URL, schema: lapTimesSchema, validate: false };
  assertEquals(payloadRequest(contextOf(false), FOLDER, "VER/laptimes.json"), unchecked);
  assertEquals(payloadRequest(contextOf(true), FOLDER, "VER/laptimes.json", { validate: false }), unchecked);
});

test("payloadRequest() has a schema that accepts any payload for a path that has none", () => {
  const { schema } = payloadRequest(contextOf(true), FOLDER, "x.json");
  for (const value of [null, 1, [], { a: [null] }]) {
    assertEquals(schema?.["~standard"].validate(value), { value });
  }
});

test("payloadRequest() validates if the request says so, whatever the source says", () => {
  const request = payloadRequest(contextOf(false), FOLDER, "VER/laptimes.json", { validate: true });
  assertEquals(request.schema, lapTimesSchema);
});

test("payloadRequest() refuses a path that is not plain", () => {
  assertThrows(() => payloadRequest(contextOf(true), FOLDER, "../x.json"), TypeError, "'path'");
});
