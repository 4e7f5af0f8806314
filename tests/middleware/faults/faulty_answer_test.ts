import { assertEquals } from "@std/assert";
import type { Fault } from "../../../src/middleware/faults/fault.ts";
import { type Answer, faultyAnswer, textAnswer } from "../../../src/middleware/faults/faulty_answer.ts";
import { test } from "../../support/test.ts";

const RIGHT: Answer = textAnswer(201, "right", { etag: '"1"' });

function answer(fault: Fault | undefined): Answer & { text: string } {
  const made = faultyAnswer(RIGHT, fault, () => Date.UTC(2026, 0, 1));
  return { ...made, text: new TextDecoder().decode(made.body) };
}

test("faultyAnswer() does not change an answer that is only late or damaged", () => {
  const kinds: (Fault | undefined)[] = [undefined, { kind: "drip" }, { kind: "cut" }, { kind: "stall" }];
  for (const fault of kinds) assertEquals(faultyAnswer(RIGHT, fault, () => 0), RIGHT);
});

test("faultyAnswer() answers with another status, its headers and its body", () => {
  const made = answer({ kind: "status", status: 503, headers: { "X-A": "1" }, body: "down" });
  assertEquals([made.status, made.headers["x-a"], made.text], [503, "1", "down"]);
  assertEquals(answer({ kind: "status", status: 500 }).text, "500");
});

test("faultyAnswer() sets the wait, in whole seconds or as a date", () => {
  const seconds = answer({ kind: "retryAfter", delayMs: 1_001 });
  assertEquals([seconds.status, seconds.headers["retry-after"]], [429, "2"]);
  const date = answer({ kind: "retryAfter", delayMs: 60_000, status: 503, form: "date" });
  assertEquals([date.status, date.headers["retry-after"]], [503, "Thu, 01 Jan 2026 00:01:00 GMT"]);
});

test("faultyAnswer() answers with other content and a 200", () => {
  const html = answer({ kind: "wrongContent" });
  assertEquals([html.headers["content-type"], html.text.slice(0, 9)], [
    "text/html;charset=utf-8",
    "<!doctype",
  ]);
  const json = answer({ kind: "wrongContent", content: "json" });
  assertEquals([json.headers["content-type"], typeof JSON.parse(json.text)], ["application/json", "object"]);
  const truncated = answer({ kind: "wrongContent", content: "truncated" });
  const empty = answer({ kind: "wrongContent", content: "empty" });
  assertEquals([truncated.text, empty.text], ["ri", ""]);
  assertEquals([html, json, truncated, empty].map(({ status }) => status), [200, 200, 200, 200]);
});
