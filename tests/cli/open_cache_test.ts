import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import { openCache } from "../../src/cli/open_cache.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { test } from "../support/test.ts";

const open = (cache: string | undefined, ci?: string) => openCache({ cache }, systemClock, () => ci);

test("openCache() creates a cache only if requested, and not if SLIPSTREAM_CI is set", () => {
  assertEquals(open(undefined), undefined);
  assertEquals([open("dir", "1"), open("dir", "true")], [undefined, undefined]);
  for (const ci of [undefined, "", "0", "false"]) assertEquals(open("dir", ci)?.name, "filesystem");
});

test("openCache() treats an impossible folder, or a missing value, as wrong usage", () => {
  assertThrows(
    () => open("a\0b"),
    UsageError,
    `'--cache' must be the path of a folder: received "a\\u0000b"`,
  );
  assertThrows(() => open("dir", "maybe"), UsageError, "'SLIPSTREAM_CI'");
});
