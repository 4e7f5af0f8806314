import { assertEquals } from "@std/assert";
import { fc } from "../property.ts";
import { parseHttpDate } from "../../../src/http/http_date.ts";
import { test } from "../../support/test.ts";

const NOW = Date.UTC(2026, 10, 28);
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** Draws a date between two years, in whole seconds. */
function seconds(fromYear: number, toYear: number): fc.Arbitrary<Date> {
  const start = new Date(0).setUTCFullYear(fromYear, 0, 1) / 1_000;
  const end = new Date(0).setUTCFullYear(toYear, 0, 1) / 1_000;
  return fc.integer({ min: start, max: end - 1 }).map((second) => new Date(second * 1_000));
}

/** Returns a date in the two obsolete forms of RFC 9110 §5.6.7. */
function oldForms(date: Date): string[] {
  const [, day = "", month = "", year = "", time = ""] = date.toUTCString().split(" ");
  const weekday = DAYS[date.getUTCDay()]!;
  const short = day.replace(/^0/, " ");
  return [
    `${weekday}, ${day}-${month}-${year.slice(2)} ${time} GMT`,
    `${weekday.slice(0, 3)} ${month} ${short} ${time} ${year}`,
  ];
}

test("parseHttpDate() reads what Date writes, for every second of 10,000 years", () => {
  fc.assert(fc.property(seconds(0, 10_000), (date) => {
    assertEquals(parseHttpDate(date.toUTCString(), NOW), date.getTime());
  }));
});

test("parseHttpDate() reads the old forms as the new one, within 50 years", () => {
  fc.assert(fc.property(seconds(1977, 2076), (date) => {
    for (const form of oldForms(date)) assertEquals(parseHttpDate(form, NOW), date.getTime(), form);
  }));
});

test("parseHttpDate() gives a finite number or nothing, whatever it is given", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "Sun",
      "Sunday",
      ", ",
      "06",
      "Nov",
      "-",
      " ",
      "1994",
      "94",
      "08:49:37",
      "GMT",
      "60",
      "  ",
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 12 }), fc.integer(), (parts, nowMs) => {
    const ms = parseHttpDate(parts.join(""), nowMs);
    assertEquals(ms === undefined || Number.isFinite(ms), true);
  }));
});
