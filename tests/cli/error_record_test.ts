import { assertEquals } from "@std/assert";
import { errorLine, errorRecord, excerptLine, oneLine } from "../../src/cli/error_record.ts";
import { DataNotFoundError, HttpError, NetworkError } from "../../src/errors.ts";
import { test } from "../support/test.ts";

test("errorRecord() keeps name, message, status and attempts", () => {
  const http = new HttpError("bad gateway", { status: 502, headers: new Headers(), attempts: 4 });
  assertEquals(errorRecord(http), { name: "HttpError", message: "bad gateway", status: 502, attempts: 4 });
  const missing = new DataNotFoundError("gone", { status: 410, attempts: 1 });
  assertEquals(errorRecord(missing), {
    name: "DataNotFoundError",
    message: "gone",
    status: 410,
    attempts: 1,
  });
  assertEquals(errorRecord(new NetworkError("no route")), { name: "NetworkError", message: "no route" });
});

test("errorRecord() accepts any thrown value", () => {
  assertEquals(errorRecord(new TypeError("x")), { name: "TypeError", message: "x" });
  assertEquals(errorRecord("text"), { name: "Error", message: "text" });
  assertEquals(errorRecord(undefined), { name: "Error", message: "undefined" });
});

test("errorLine() removes everything that moves the cursor or colours the terminal", () => {
  assertEquals(errorLine(new Error("a\nb\x1b[31mc\x9b2Jd\re")), "a b [31mc 2Jd e");
  assertEquals(errorLine(new TypeError("")), "TypeError");
});

test("oneLine() removes characters that change the text direction or break the line, and keeps all letters", () => {
  assertEquals(oneLine("a\u202eb\u2066c\u2069\u200f\u061cd\u2028e\u2029f"), "a b c d e f");
  const letters = "نی\u200cگ 👩\u200d🚀 שלום e\u0301";
  assertEquals(oneLine(letters), letters);
  const error = new HttpError("m", { status: 500, headers: new Headers(), body: "paid \u202e001 $" });
  assertEquals([errorLine(error), excerptLine(error)], ["m", "paid 001 $"]);
});
