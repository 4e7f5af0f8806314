import { assertEquals } from "@std/assert";
import { Admission } from "../../src/lanes/admission.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { Leases } from "../../src/lanes/leases.ts";
import { test } from "../support/test.ts";

function setUp() {
  const leases = new Leases();
  const released: Admission[] = [];
  const owner = {
    reports: { judge() {}, sample() {} },
    release: (_: Lane, admission?: Admission) => {
      leases.end(admission!);
      released.push(admission!);
    },
  };
  const lane = new Lane({ key: "a", breaker: undefined, bucket: undefined });
  return { leases, released, admission: () => new Admission(owner, lane, 0, 0) };
}

test("Leases.expire() gives back permits that were not used within a second, once", () => {
  const { leases, released, admission } = setUp();
  const [early, late] = [admission(), admission()];
  leases.lend(early, 0);
  leases.lend(late, 500);
  leases.expire(999);
  assertEquals(released, []);
  leases.expire(1_000);
  leases.expire(1_499);
  assertEquals(released, [early]);
});

test("Leases.prolong() gives an attempt that goes on more time, and does not change one that never expires", () => {
  const { leases, released, admission } = setUp();
  const [alive, dead, unlent] = [admission(), admission(), admission()];
  leases.lend(alive, 100);
  leases.lend(dead, 100);
  Leases.prolong(alive, 300, 1_000);
  // A longer lease is not shortened.
  Leases.prolong(alive, 1, 1_000);
  Leases.prolong(unlent, 300, 1_000);
  leases.expire(2_299);
  assertEquals([released, unlent.expiresAtMs], [[dead], Infinity]);
  leases.expire(2_300);
  assertEquals(released, [dead, alive]);
});

test("Leases.end() makes sure that a released admission is never released again", () => {
  const { leases, released, admission } = setUp();
  const one = admission();
  leases.lend(one, 0);
  one.release();
  leases.expire(Infinity);
  assertEquals(released, [one]);
});
