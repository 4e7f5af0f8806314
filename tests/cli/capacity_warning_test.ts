import { assertEquals } from "@std/assert";
import { capacityWarning } from "../../src/cli/capacity_warning.ts";
import { test } from "../support/test.ts";

test("capacityWarning() gives no warning if the limit is high enough, or unknown", () => {
  const plenty = { descriptors: 1_024, requests: 256, writesFiles: false };
  assertEquals(capacityWarning(20, plenty), undefined);
  assertEquals(capacityWarning(256, plenty), undefined);
  assertEquals(
    capacityWarning(20_000, { descriptors: undefined, requests: Infinity, writesFiles: true }),
    undefined,
  );
});

test("capacityWarning() counts a file for each connection", () => {
  const few = { descriptors: 1_024, requests: Infinity };
  assertEquals(capacityWarning(600, { ...few, writesFiles: false }), undefined);
  assertEquals(
    capacityWarning(600, { ...few, writesFiles: true }),
    "--concurrency 600 may need 1,240 open files and sockets, and the limit is 1,024 (ulimit -n)",
  );
});

test("capacityWarning() states how much the runtime sends at once", () => {
  assertEquals(
    capacityWarning(500, { descriptors: 100_000, requests: 256, writesFiles: true }),
    "--concurrency 500 is more than this runtime sends at once: 256",
  );
});
