import { assertEquals } from "@std/assert";
import { nameFlags } from "../../src/cli/flag_names.ts";
import { test } from "../support/test.ts";

test("nameFlags() puts the flag in place of an option, with the unit of a time", () => {
  assertEquals(
    nameFlags("GET u took longer than 'timeoutMs': 300"),
    "GET u took longer than '--timeout': 300 ms",
  );
  assertEquals(nameFlags("nothing for 'idleTimeoutMs': 30000"), "nothing for '--timeout': 30 s");
  assertEquals(
    nameFlags("longer than 'totalTimeoutMs': 1250.5, while attempt 2 was in flight"),
    "longer than '--total-timeout': 1.2505 s, while attempt 2 was in flight",
  );
  assertEquals(nameFlags("down for longer than 'patienceMs')"), "down for longer than '--patience')");
  assertEquals(nameFlags("wait longer than 'maxRetryAfterMs')"), "wait longer than a minute)");
  assertEquals(nameFlags("'caCerts' has to name it"), "DENO_CERT in the environment has to name it");
});

test("nameFlags() omits what Bun advises programs to do", () => {
  const reason = "GET http://h/a failed: ECONNRESET: The socket connection was closed unexpectedly";
  const advice = ". For more information, pass `verbose: true` in the second argument to fetch()";
  assertEquals(nameFlags(`${reason}${advice}`), reason);
});

test("nameFlags() leaves all other words as they are", () => {
  const message = "GET http://h/?timeoutMs=3&'x' failed: 'concurrency', timeoutMs: 5";
  assertEquals(nameFlags(message), message);
});
