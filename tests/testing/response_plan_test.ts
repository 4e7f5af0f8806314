import { assertEquals } from "@std/assert";
import type { Fault } from "../../src/middleware/faults/fault.ts";
import { textAnswer } from "../../src/middleware/faults/faulty_answer.ts";
import { planResponse, type ResponsePlan } from "../../src/testing/response_plan.ts";
import { test } from "../support/test.ts";

const ANSWER = textAnswer(200, "0123456789", { "content-type": "application/json" });

function plan(fault?: Fault, changes: { method?: string; answer?: typeof ANSWER } = {}): ResponsePlan {
  return planResponse(changes.answer ?? ANSWER, {
    method: changes.method ?? "GET",
    fault,
    bytesPerSecond: Infinity,
    wallNow: () => Date.UTC(2026, 0, 1),
  });
}

const text = ({ body }: ResponsePlan) => new TextDecoder().decode(body);

test("planResponse() sends a whole answer, with its length", () => {
  const { status, headers, ending, framing, bytesPerSecond } = plan();

  assertEquals([status, ending, framing, bytesPerSecond], [200, "complete", "length", Infinity]);
  assertEquals(headers, { "content-type": "application/json", "content-length": "10" });
  assertEquals(text(plan()), "0123456789");
});

test("planResponse() states the length but sends no body to HEAD", () => {
  const head = plan(undefined, { method: "HEAD" });

  assertEquals([head.isBodiless, head.headers["content-length"], text(head)], [true, "10", ""]);
});

test("planResponse() gives 204 and 304 neither body nor length", () => {
  for (const status of [204, 304]) {
    const empty = plan(undefined, { answer: { ...ANSWER, status } });
    assertEquals([empty.isBodiless, empty.headers["content-length"], text(empty)], [true, undefined, ""]);
  }
});

test("planResponse() can send another status, with its headers and body", () => {
  const unavailable = plan({ kind: "status", status: 503, headers: { "Retry-After": "2" } });
  const teapot = plan({ kind: "status", status: 418, body: "short and stout" });

  assertEquals([unavailable.status, unavailable.headers["retry-after"], text(unavailable)], [
    503,
    "2",
    "503",
  ]);
  assertEquals([teapot.status, text(teapot)], [418, "short and stout"]);
});

test("planResponse() states the wait, in seconds or as a date", () => {
  const seconds = plan({ kind: "retryAfter", delayMs: 1_500 });
  const date = plan({ kind: "retryAfter", delayMs: 60_000, status: 503, form: "date" });

  assertEquals([seconds.status, seconds.headers["retry-after"]], [429, "2"]);
  assertEquals([date.status, date.headers["retry-after"]], [503, "Thu, 01 Jan 2026 00:01:00 GMT"]);
});

test("planResponse() cuts a body, in half or where it is told", () => {
  const half = plan({ kind: "cut" });
  const early = plan({ kind: "cut", afterBytes: 2, framing: "chunked" });
  const beyond = plan({ kind: "cut", afterBytes: 99, framing: "close" });

  assertEquals([half.ending, text(half), half.headers["content-length"]], ["cut", "01234", "10"]);
  assertEquals([early.framing, text(early), early.headers["content-length"]], ["chunked", "01", undefined]);
  assertEquals([beyond.framing, text(beyond), beyond.ending], ["close", "0123456789", "cut"]);
});

test("planResponse() stalls in the body, and sends slowly", () => {
  const stalled = plan({ kind: "stall", afterBytes: 3 });

  assertEquals([stalled.ending, text(stalled), stalled.headers["content-length"]], ["stall", "012", "10"]);
  assertEquals(text(plan({ kind: "stall" })), "");
  assertEquals(plan({ kind: "drip" }).bytesPerSecond, 1_000);
  assertEquals(plan({ kind: "drip", bytesPerSecond: 5 }).bytesPerSecond, 5);
});

test("planResponse() can send wrong content with status 200", () => {
  const wrong = (content?: "html" | "json" | "truncated" | "empty") => {
    const made = plan({ kind: "wrongContent", content });
    return [made.status, made.headers["content-type"], made.headers["content-length"], text(made)];
  };

  assertEquals(wrong(), wrong("html"));
  assertEquals(wrong("html").slice(0, 2), [200, "text/html;charset=utf-8"]);
  assertEquals(wrong("json").slice(0, 2), [200, "application/json"]);
  assertEquals(wrong("truncated"), [200, "application/json", "5", "01234"]);
  assertEquals(wrong("empty"), [200, "application/json", "0", ""]);
});

test("planResponse() does not state the length of a chunked answer", () => {
  const { framing, headers } = plan(undefined, { answer: { ...ANSWER, isChunked: true } });

  assertEquals([framing, headers["content-length"]], ["chunked", undefined]);
});
