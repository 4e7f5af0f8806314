import { assertEquals } from "@std/assert";
import { errorLine, errorRecord } from "../../src/cli/error_record.ts";
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

test("errorRecord() takes anything that was thrown", () => {
  assertEquals(errorRecord(new TypeError("x")), { name: "TypeError", message: "x" });
  assertEquals(errorRecord("text"), { name: "Error", message: "text" });
  assertEquals(errorRecord(undefined), { name: "Error", message: "undefined" });
});

test("errorLine() lets nothing through that moves the cursor or colours the terminal", () => {
  assertEquals(errorLine(new Error("a\nb\x1b[31mc\x9b2Jd\re")), "a b [31mc 2Jd e");
  assertEquals(errorLine(new TypeError("")), "TypeError");
});
