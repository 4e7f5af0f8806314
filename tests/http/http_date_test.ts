import { assertEquals } from "@std/assert";
import { parseHttpDate, serverNowMs } from "../../src/http/http_date.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

const NOW = Date.UTC(2026, 0, 1);
const NOON = Date.UTC(2026, 0, 1, 12, 0, 0);
/** The example of RFC 9110 §5.6.7. */
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number): string => String(value).padStart(2, "0");

function rfc850(ms: number): string {
  const date = new Date(ms);
  const time = date.toISOString().slice(11, 19);
  const year = two(date.getUTCFullYear() % 100);
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())}-${
    MONTHS[date.getUTCMonth()]
  }-${year} ${time} GMT`;
}

function asctime(ms: number): string {
  const date = new Date(ms);
  const time = date.toISOString().slice(11, 19);
  const day = String(date.getUTCDate()).padStart(2, " ");
  const name = DAYS[date.getUTCDay()]!.slice(0, 3);
  return `${name} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}

test("S4: parseHttpDate() reads the three forms of RFC 9110", () => {
  assertEquals(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", NOW), EXAMPLE);
  assertEquals(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", NOW), EXAMPLE);
  assertEquals(parseHttpDate("Sun Nov  6 08:49:37 1994", NOW), EXAMPLE);
  assertEquals(parseHttpDate("Sun Nov 16 08:49:37 1994", NOW), EXAMPLE + 10 * 86_400_000);
});

test("S4: parseHttpDate() reads back what Date and the two old forms write, over the centuries", () => {
  const random = seededRandom(3);
  for (let run = 0; run < 5_000; run++) {
    const ms = Math.floor(random() * 253_402_300_800) * 1_000;
    assertEquals(parseHttpDate(new Date(ms).toUTCString(), NOW), ms, new Date(ms).toUTCString());
    assertEquals(parseHttpDate(asctime(ms), NOW), ms, asctime(ms));
    const near = NOW + (Math.floor((random() - 0.5) * 98 * 31_557_600)) * 1_000;
    assertEquals(
      parseHttpDate(rfc850(near), NOW),
      near,
      `${rfc850(near)} for ${new Date(near).toISOString()}`,
    );
  }
});

test("parseHttpDate() reads a date before 1970 and one of the year 50", () => {
  assertEquals(parseHttpDate("Wed, 31 Dec 1969 23:59:59 GMT", NOW), -1_000);
  assertEquals(parseHttpDate("Sat, 01 Jan 0050 00:00:00 GMT", NOW), Date.parse("0050-01-01T00:00:00Z"));
});

test("parseHttpDate() counts a leap second as the second before", () => {
  const second = Date.UTC(2016, 11, 31, 23, 59, 59);
  assertEquals(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", NOW), second);
  assertEquals(parseHttpDate("Saturday, 31-Dec-16 23:59:60 GMT", NOW), second);
  assertEquals(parseHttpDate("Sat Dec 31 23:59:60 2016", NOW), second);
  assertEquals(parseHttpDate("Sat, 31 Dec 2016 23:59:61 GMT", NOW), undefined);
});

test("parseHttpDate() knows how many days a month has", () => {
  assertEquals(parseHttpDate("Thu, 29 Feb 2024 00:00:00 GMT", NOW), Date.UTC(2024, 1, 29));
  assertEquals(parseHttpDate("Tue, 29 Feb 2000 00:00:00 GMT", NOW), Date.UTC(2000, 1, 29));
  for (
    const day of ["29 Feb 2026", "29 Feb 2100", "30 Feb 2024", "31 Apr 2026", "32 Jan 2026", "00 Jan 2026"]
  ) {
    assertEquals(parseHttpDate(`Mon, ${day} 00:00:00 GMT`, NOW), undefined, day);
  }
  assertEquals(parseHttpDate("Mon Jan  0 00:00:00 2026", NOW), undefined);
});

test("parseHttpDate() refuses hours and minutes that no clock shows", () => {
  for (const time of ["24:00:00", "23:60:00", "99:00:00", "00:99:00"]) {
    assertEquals(parseHttpDate(`Thu, 01 Jan 2026 ${time} GMT`, NOW), undefined, time);
  }
});

test("parseHttpDate() does not check the weekday, which RFC 9110 does not require", () => {
  assertEquals(parseHttpDate("Mon, 06 Nov 1994 08:49:37 GMT", NOW), EXAMPLE);
});

test("parseHttpDate() reads the three forms in any case (RFC 9111 §4.2)", () => {
  const forms = [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
  ];
  const spellings = forms.flatMap((form) => [form.toLowerCase(), form.toUpperCase()]);
  const parts = [
    "SUN, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 nOV 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 gMT",
  ];
  for (const text of [...spellings, ...parts]) assertEquals(parseHttpDate(text, NOW), EXAMPLE, text);
});

test("parseHttpDate() refuses texts that resemble an HTTP date", () => {
  const refused = [
    ...["Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49:37"],
    ...["Sun, 6 Nov 1994 08:49:37 GMT", "Sun,  06 Nov 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT"],
    ...["Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT"],
    ...["Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT"],
    ...["Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nob 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT"],
    ...["1994-11-06T08:49:37Z", "784111777", "", " ", "Sun, 06 Nov 1994 08:49:37 GMT, x"],
    ...[" Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\n", "Sun, ٠٦ Nov 1994 08:49:37 GMT"],
    ...["Sun, 06 Nov 1994 08.49.37 GMT", "Sun, 06 Nov -994 08:49:37 GMT", "Sun Nov -6 08:49:37 1994"],
  ];
  for (const text of refused) assertEquals(parseHttpDate(text, NOW), undefined, JSON.stringify(text));
});

test("parseHttpDate() moves a two-digit year into the past if it would be more than 50 years ahead", () => {
  assertEquals(parseHttpDate("Wednesday, 01-Jan-76 00:00:00 GMT", NOW), Date.UTC(2076, 0, 1));
  assertEquals(parseHttpDate("Saturday, 01-Jan-77 00:00:00 GMT", NOW), Date.UTC(1977, 0, 1));
  assertEquals(parseHttpDate("Friday, 31-Dec-99 23:59:59 GMT", NOW), Date.UTC(1999, 11, 31, 23, 59, 59));
  assertEquals(parseHttpDate("Saturday, 01-Jan-00 00:00:00 GMT", NOW), Date.UTC(2000, 0, 1));
});

test("parseHttpDate() measures the 50 years to the exact time, not from year to year", () => {
  assertEquals(parseHttpDate("Friday, 31-Dec-76 00:00:00 GMT", NOW), Date.UTC(1976, 11, 31));
});

test("parseHttpDate() moves a two-digit year into the coming century when that is near", () => {
  const lastSecond = Date.UTC(2099, 11, 31, 23, 59, 59);
  assertEquals(parseHttpDate("Friday, 01-Jan-00 00:00:10 GMT", lastSecond), Date.UTC(2100, 0, 1, 0, 0, 10));
});

test("serverNowMs() uses a Date that differs by more than dates usually do", () => {
  for (const offMs of [-86_400_000, -3_600_000, -3_000, 3_000, 3_600_000]) {
    assertEquals(
      serverNowMs(new Headers({ date: new Date(NOON + offMs).toUTCString() }), NOON),
      NOON + offMs,
    );
  }
  for (const offMs of [-2_000, -1_000, 0, 1_000, 2_000]) {
    assertEquals(serverNowMs(new Headers({ date: new Date(NOON + offMs).toUTCString() }), NOON), NOON);
  }
  const date = new Date(NOON).toUTCString();
  assertEquals(serverNowMs(new Headers({ date }), NOON + 2_000), NOON + 2_000);
  for (const wallNowMs of [NOON - 2_001, NOON + 2_001]) {
    assertEquals(serverNowMs(new Headers({ date }), wallNowMs), NOON);
  }
});

test("serverNowMs() uses this machine's clock for a response without a Date", () => {
  for (const date of [undefined, "", "yesterday", "2026-01-01T10:00:00Z", "1767225600"]) {
    assertEquals(serverNowMs(new Headers(date === undefined ? {} : { date }), NOON), NOON, date);
  }
});

test("serverNowMs() adds the time that a cache has kept a response", () => {
  const date = new Date(NOON - 60_000).toUTCString();
  for (const [age, expectedMs] of [["60", NOON], ["59", NOON], ["20", NOON - 40_000], ["x", NOON - 60_000]]) {
    assertEquals(serverNowMs(new Headers({ date, age: `${age}` }), NOON), expectedMs);
  }
});

test("serverNowMs() takes a two-digit year as the nearest one", () => {
  for (const year of [2026, 2075, 1977]) {
    const wallNowMs = Date.UTC(year, 0, 1, 12);
    const weekday =
      ["Sun", "Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur"][new Date(wallNowMs).getUTCDay()];
    const date = `${weekday}day, 01-Jan-${`${year}`.slice(2)} 13:00:00 GMT`;
    assertEquals(serverNowMs(new Headers({ date }), wallNowMs), wallNowMs + 3_600_000, date);
  }
});
