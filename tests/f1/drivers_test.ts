import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { type DriversPayload, driversSchema } from "../../src/f1/drivers.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";

test("driversSchema accepts drivers with and without details", () => {
  const payload = {
    drivers: [
      { driver: "NOR", team: "McLaren" },
      {
        driver: "COL",
        team: "Alpine",
        dn: "43",
        fn: "Franco",
        ln: "Colapinto",
        tc: "00A1E8",
        url: "None",
        born: 2003,
      },
    ],
    season: 2026,
  };
  const output = v.parse(driversSchema, payload);
  assertEquals<unknown>(output, {
    ...payload,
    drivers: [payload.drivers[0]!, { ...payload.drivers[1]!, url: null }],
  });
  assertType<Equal<typeof output, DriversPayload>>();
});

test('driversSchema turns "None" into null in every detail', () => {
  const details = { team: "None", dn: "None", fn: "None", ln: null, tc: "None", url: "None" };
  assertEquals(v.parse(driversSchema, { drivers: [{ driver: "NOR", ...details }] }).drivers, [
    { driver: "NOR", team: null, dn: null, fn: null, ln: null, tc: null, url: null },
  ]);
});

test("driversSchema names the driver and the field that is wrong", () => {
  const result = v.safeParse(driversSchema, {
    drivers: [{ driver: "NOR", team: "McLaren" }, { driver: "", team: [7] }],
  });
  assert(!result.success);
  assertEquals(result.issues.map((issue) => v.getDotPath(issue)), ["drivers.1.driver", "drivers.1.team"]);
});

test("driversSchema refuses a payload without drivers", () => {
  assertEquals(v.is(driversSchema, {}), false);
  assertEquals(v.is(driversSchema, [{ driver: "NOR", team: "McLaren" }]), false);
});

test("driversSchema converts numbers into texts", () => {
  const { drivers } = v.parse(driversSchema, { drivers: [{ driver: "VER", team: null, dn: 1, ln: "nan" }] });
  assertEquals(drivers, [{ driver: "VER", team: null, dn: "1", ln: null }]);
});
