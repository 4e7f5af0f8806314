import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import { estimateMs, type ProgressState, renderProgressLine } from "../../src/cli/progress_line.ts";
import { ANSI, PLAIN } from "../../src/cli/style.ts";
import { test } from "../support/test.ts";

const BUSY: ProgressState = {
  done: 412,
  failed: 2,
  total: 1_052,
  perSecond: 131.4,
  bytesPerSecond: 17_230_000,
  inFlight: 20,
  retries: 3,
  openBreakers: 1,
};

test("renderProgressLine() shows everything if there is room", () => {
  assertEquals(
    renderProgressLine(BUSY, 140, PLAIN),
    "  412/1,052  ━━━━━━━━━───────────────   39 %   131/s   17.2 MB/s  20 in flight  3 retries  1 breaker open  2 failed  ETA 4.9 s",
  );
});

test("renderProgressLine() omits parts that are zero", () => {
  const calm = { ...BUSY, failed: 0, retries: 0, openBreakers: 0, perSecond: 0, bytesPerSecond: 0 };
  assertEquals(
    renderProgressLine(calm, undefined, PLAIN),
    "  412/1,052   39 %   0.0/s  20 in flight",
  );
});

test("renderProgressLine() counts without a total while that is unknown", () => {
  const line = renderProgressLine({ ...BUSY, total: undefined }, undefined, PLAIN);
  assertEquals(line, "412 done   131/s   17.2 MB/s  20 in flight  3 retries  1 breaker open  2 failed");
});

test("renderProgressLine() has a full bar and no estimate at the end", () => {
  const line = renderProgressLine({ ...BUSY, done: 1_052 }, 140, PLAIN);
  assertStringIncludes(line, `1,052/1,052  ${"━".repeat(24)}  100 %`);
  assert(!line.includes("ETA"), line);
});

test("renderProgressLine() is never wider than allowed, and never longer in a narrower terminal", () => {
  let wider = Infinity;
  for (let columns = 200; columns >= 0; columns--) {
    const line = renderProgressLine(BUSY, columns, PLAIN);
    assert(unicodeWidth(line) <= columns, `${columns}: ${line}`);
    const parts = line.split(/ {2,}/).length;
    // The bar appears and disappears with the room that is left.
    const withoutBar = line.includes("─") ? parts - 1 : parts;
    assert(withoutBar <= wider, `${columns}: ${line}`);
    wider = withoutBar;
  }
});

test("renderProgressLine() keeps the count and the failures the longest", () => {
  assertEquals(renderProgressLine(BUSY, 24, PLAIN), "  412/1,052  2 failed");
  assertEquals(renderProgressLine(BUSY, 12, PLAIN), "  412/1,052");
  assertEquals(renderProgressLine(BUSY, 5, PLAIN), "  412");
});

test("renderProgressLine() begins with the label, and omits it first", () => {
  const labelled = { ...BUSY, label: "warming up" };
  assertEquals(
    renderProgressLine(labelled, undefined, PLAIN),
    `warming up  ${renderProgressLine(BUSY, undefined, PLAIN)}`,
  );
  assert(renderProgressLine(labelled, 140, PLAIN).startsWith("warming up    412/1,052  ━━"));
  assertEquals(renderProgressLine(labelled, 24, PLAIN), "  412/1,052  2 failed");
});

const TRANSFER = { name: "a_name_that_is_longer_than_that.bin", received: 1_900_000, total: 5_000_000 };
const SOLE: ProgressState = {
  done: 0,
  failed: 0,
  total: 1,
  perSecond: 0,
  bytesPerSecond: 805_800,
  transfer: TRANSFER,
  inFlight: 1,
  retries: 0,
  openBreakers: 0,
};

test("renderProgressLine() of one file shows its progress, however narrow the terminal", () => {
  assertEquals(
    renderProgressLine(SOLE, 120, PLAIN),
    "0/1  ━━━━━━━━━───────────────   38 %  805.8 kB/s   1 in flight  a_name_that_is_longer_t… 38 % of 5.0 MB  ETA 3.8 s",
  );
  assertEquals(renderProgressLine(SOLE, 37, PLAIN), "0/1  ━━━━━─────────   38 %  ETA 3.8 s");
  assertEquals(renderProgressLine(SOLE, 25, PLAIN), "0/1   38 %  ETA 3.8 s");
});

test("renderProgressLine() of one file of unknown length, or of one among many, counts files", () => {
  const open = { ...SOLE, transfer: { ...TRANSFER, total: undefined } };
  assertStringIncludes(renderProgressLine(open, undefined, PLAIN), "0/1    0 %  805.8 kB/s   1 in flight");
  assertStringIncludes(
    renderProgressLine({ ...SOLE, total: 4, done: 1 }, undefined, PLAIN),
    "1/4   25 %   0.0/s",
  );
  assertEquals(estimateMs(open), undefined);
});

test("renderProgressLine() in colour is the same text", () => {
  // deno-lint-ignore no-control-regex
  const stripped = renderProgressLine(BUSY, 100, ANSI).replace(/\x1b\[\d+m/g, "");
  assertEquals(stripped, renderProgressLine(BUSY, 100, PLAIN));
});

test("estimateMs() is undefined without a speed, a total or remaining work", () => {
  assertEquals(estimateMs({ ...BUSY, done: 52, perSecond: 10 }), 100_000);
  for (const change of [{ perSecond: 0 }, { total: undefined }, { done: 1_052 }, { done: 2_000 }]) {
    assertEquals(estimateMs({ ...BUSY, ...change }), undefined);
  }
});

test("estimateMs() lasts until the large bodies have arrived, however fast the small ones have ended", () => {
  const last = { ...BUSY, done: 1_050, perSecond: 100, bytesPerSecond: 1_000_000 };
  assertEquals(estimateMs(last), 20);
  const arriving = { bodies: 2, bytes: 60_000_000 };
  assertEquals(estimateMs({ ...last, arriving }), 60_000);
  assertEquals(estimateMs({ ...last, arriving: { bodies: 2, bytes: 0 } }), 20);
  // No input has ended for a while: the estimate needs all that are left.
  assertEquals(estimateMs({ ...last, perSecond: 0, arriving }), 60_000);
  assertEquals(estimateMs({ ...last, perSecond: 0, done: 1_000, arriving }), undefined);
  assertEquals(estimateMs({ ...last, bytesPerSecond: 0, arriving }), 20);
});
