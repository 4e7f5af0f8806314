import { assertEquals } from "@std/assert";
import { type Extent, Unavailability } from "../../src/lanes/unavailability.ts";
import { test } from "../support/test.ts";

/** A lane, and what its 503s say. */
class Origin {
  succeeded = 0;
  failed = 0;
  readonly #unavailability = new Unavailability();

  /** So many attempts end while no pause is on. */
  end(served: number, refused: number): this {
    this.succeeded += served;
    this.failed += refused;
    return this;
  }

  refuse(nowMs: number, { startedAtMs = nowMs - 10, isPaused = false } = {}): Extent {
    this.failed++;
    return this.#unavailability.extentOf(this, isPaused, startedAtMs, nowMs);
  }

  /** Attempts that began then end during a pause; whether each of them shows that the pause concerns a part only. */
  endPaused(outcomes: string, startedAtMs: number, nowMs = startedAtMs + 50): boolean[] {
    return [...outcomes].map((outcome) => {
      const isServed = outcome === "+";
      this.end(Number(isServed), Number(!isServed));
      return this.#unavailability.note(this, isServed, startedAtMs, nowMs);
    });
  }

  settle(): this {
    this.#unavailability.settle();
    return this;
  }
}

/** An origin of which a part is known to be unavailable since 150 ms. */
function partly(): Origin {
  const origin = new Origin().end(100, 0);
  origin.refuse(100, { startedAtMs: 90 });
  assertEquals(origin.endPaused("+++++", 95, 150).at(-1), true);
  return origin;
}

test("Unavailability takes the first 503 of an origin that has served nothing as one of the whole origin", () => {
  assertEquals(new Origin().refuse(100), "all");
});

test("Unavailability takes an origin that has served some since its latest pause as one that has too much to do", () => {
  const origin = new Origin().end(20, 0);
  assertEquals(origin.refuse(100), "overload");
  assertEquals(origin.refuse(1_200), "all");
  assertEquals(origin.end(1, 0).refuse(2_300), "overload");
});

test("Unavailability takes another 503 during a pause as one of the whole origin", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100);
  assertEquals(origin.refuse(105, { isPaused: true }), "all");
});

test("Unavailability finds a part unavailable when a third of five or more that were sent later are served", () => {
  for (
    const [outcomes, found] of [["+++++", 4], ["---++", 4], ["----+++", 5], ["----+-+-+", 8], [
      "++++",
      -1,
    ]] as const
  ) {
    const origin = new Origin().end(20, 0);
    origin.refuse(100, { startedAtMs: 90 });
    assertEquals(origin.endPaused(outcomes, 90).indexOf(true), found, outcomes);
  }
});

test("Unavailability counts none that were sent before the request that was refused", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100, { startedAtMs: 90 });
  assertEquals(origin.endPaused("++++++++++", 89).includes(true), false);
  assertEquals(origin.endPaused("-----+", 91).includes(true), false);
});

test("Unavailability counts anew for each pause, and none after the end of one", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100, { startedAtMs: 90 });
  origin.endPaused("++++", 95);
  origin.refuse(2_000, { startedAtMs: 1_990 });
  assertEquals(origin.endPaused("+", 1_995).includes(true), false);
  assertEquals(origin.settle().endPaused("++++++++", 1_995).includes(true), false);
});

test("Unavailability of a part lets others go on for 10 s, and as long as a third of twenty are served", () => {
  assertEquals(partly().refuse(10_149), "part");
  assertEquals(partly().refuse(10_150), "overload");
  const origin = partly();
  for (let nowMs = 1_000; nowMs < 60_000; nowMs += 9_000) {
    assertEquals(origin.end(7, 12).refuse(nowMs), "part");
  }
});

test("Unavailability of a part is refuted when less than a third of twenty are served", () => {
  assertEquals(partly().end(6, 12).refuse(1_000), "part");
  assertEquals(partly().end(6, 13).refuse(1_000), "overload");
  assertEquals(partly().end(0, 19).refuse(1_000, { isPaused: true }), "all");
});

test("Unavailability finds out once a pause that it concerns a part: what ends after that says nothing of another pause", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100, { startedAtMs: 90 });
  assertEquals(origin.endPaused("+++++++++", 95), [
    false,
    false,
    false,
    false,
    true,
    false,
    false,
    false,
    false,
  ]);
});
