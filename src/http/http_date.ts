/**
 * HTTP dates, strictly: the three forms of RFC 9110 §5.6.7 and nothing else, in any case of their letters (RFC 9111 §4.2);
 * and the time on a server's clock.
 *
 * @module
 */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH = `(${MONTHS.join("|")})`;
const TIME = "(\\d\\d):(\\d\\d):(\\d\\d)";
const IMF_FIXDATE = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d\\d) ${MONTH} (\\d{4}) ${TIME} GMT$`,
  "i",
);
const RFC850 = new RegExp(
  `^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} GMT$`,
  "i",
);
const ASCTIME = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} ([ \\d]\\d) ${TIME} (\\d{4})$`, "i");

/**
 * The largest difference that counts as no difference, in milliseconds: a `Date` has whole seconds, and takes some time to
 * arrive.
 */
const CLOCK_TOLERANCE_MS = 2_000;

/**
 * Reads an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
 *
 * @param text The date.
 * @param wallNowMs The present, in milliseconds since 1970. A two-digit year that would be more than 50 years in the future
 * belongs to the century before (RFC 9110 §5.6.7).
 * @returns Milliseconds since 1970, or `undefined` if the text is not such a date.
 */
export function parseHttpDate(text: string, wallNowMs: number): number | undefined {
  let match = IMF_FIXDATE.exec(text);
  if (match !== null) return toMs(match[3], match[2], match[1], match[4], match[5], match[6]);
  match = ASCTIME.exec(text);
  if (match !== null) return toMs(match[6], match[1], match[2], match[3], match[4], match[5]);
  match = RFC850.exec(text);
  if (match === null) return undefined;
  const [, day, month, twoDigits, ...time] = match;
  const thisYear = new Date(wallNowMs).getUTCFullYear();
  const latest = new Date(wallNowMs).setUTCFullYear(thisYear + 50);
  // The text does not state the century: take the latest one that is not too far in the future.
  for (let year = thisYear - thisYear % 100 + 100 + Number(twoDigits);; year -= 100) {
    const dateMs = toMs(String(year), month, day, time[0], time[1], time[2]);
    if (dateMs === undefined || dateMs <= latest) return dateMs;
  }
}

/**
 * Returns the present on the clock of the server that states a time, because that clock or this machine's may be wrong.
 *
 * @param headers The response headers: its `Date`, and its `Age` if a cache on the way has kept it since (RFC 9111 §4.2.3).
 * @param wallNowMs The present on this machine's clock, in milliseconds since 1970.
 * @returns Milliseconds since 1970; `wallNowMs` if the response has no `Date`, or one of about the same time.
 */
export function serverNowMs(headers: Headers, wallNowMs: number): number {
  const date = headers.get("date");
  const sentAtMs = date === null ? undefined : parseHttpDate(date, wallNowMs);
  if (sentAtMs === undefined) return wallNowMs;
  const age = headers.get("age") ?? "";
  const nowMs = sentAtMs + (/^\d+$/.test(age) ? Number(age) * 1_000 : 0);
  return Math.abs(nowMs - wallNowMs) <= CLOCK_TOLERANCE_MS ? wallNowMs : nowMs;
}

function toMs(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
): number | undefined {
  const monthIndex = MONTHS.indexOf((month ?? "").toLowerCase());
  // 60 is a leap second, which Unix time counts as the second before.
  const seconds = Math.min(Number(second), 59);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), monthIndex, Number(day));
  if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== Number(day)) return undefined;
  date.setUTCHours(Number(hour), Number(minute), seconds);
  return date.getTime();
}
