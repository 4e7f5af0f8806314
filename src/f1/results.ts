/**
 * Derives the order of the drivers in a session from their laps.
 *
 * @module
 */

import type { Driver } from "./drivers.ts";
import { endOf, type FastestLap, fastestLapOf } from "./fastest_lap.ts";
import type { LapTimes } from "./lap_times.ts";

/** The result of a driver. */
export interface SessionResult {
  /** The position, from 1; `null` for a driver who did not start the race, or who has no time in another session. */
  readonly position: number | null;
  /** The driver. */
  readonly driver: Driver;
  /** How many laps the driver drove; in a race, how many of them the driver completed. */
  readonly laps: number;
  /** The fastest lap; `null` if no lap has a time that counts. */
  readonly fastestLap: FastestLap | null;
}

/** A driver with the values that the order depends on. */
interface Entry {
  readonly driver: Driver;
  readonly laps: number;
  readonly fastestLap: FastestLap | null;
  readonly isPlaced: boolean;
  /** The values to compare, from the most to the least important; the smaller value is ahead. */
  readonly rank: readonly number[];
}

/**
 * Whether a session is a race, which is ordered by distance instead of the fastest lap. In 2021 the sprint was called "Sprint
 * Qualifying".
 */
export function isRace(year: number, session: string): boolean {
  return session === "Race" || session === "Sprint" || (year === 2021 && session === "Sprint Qualifying");
}

/**
 * Derives the order of the drivers. A race is ordered by completed laps and the position at the end of the last one; in seasons
 * whose files have no positions, by completed laps and the total time. Other sessions are ordered by the part of qualifying that
 * a driver reached and the fastest lap in it, equal times by when they were set.
 *
 * @param drivers The drivers who took part.
 * @param laps The laps by driver; a driver may be missing.
 * @param race Whether the session was a race.
 * @returns The drivers in order; those without a position come last, in the order of `drivers`.
 */
export function resultsOf(
  drivers: readonly Driver[],
  laps: Readonly<Record<string, LapTimes>>,
  race: boolean,
): readonly SessionResult[] {
  const onlyCompleted = race && havePositions(laps);
  const options = { race, onlyCompleted, timed: timedLaps(laps) };
  const entries = drivers.map((driver) => entryOf(driver, laps[driver.driver], options));
  const placed = entries.filter(({ isPlaced }) => isPlaced);
  const others = entries.filter(({ isPlaced }) => !isPlaced);
  placed.sort(byRank);
  return [
    ...placed.map((entry, index) => toResult(entry, index + 1)),
    ...others.map((entry) => toResult(entry, null)),
  ];
}

/**
 * Counts the laps that the leader drove.
 *
 * @param laps The laps by driver.
 * @param race Whether the session was a race, where only completed laps count.
 * @returns The highest lap number; 0 without any lap.
 */
export function totalLapsOf(laps: Readonly<Record<string, LapTimes>>, race: boolean): number {
  const onlyCompleted = race && havePositions(laps);
  return Object.values(laps).reduce((most, own) => Math.max(most, lastLap(own, onlyCompleted)), 0);
}

/** Whether the files of a race have positions at the end of each lap; those of the oldest seasons have none. */
function havePositions(laps: Readonly<Record<string, LapTimes>>): boolean {
  // Unchecked payloads may hold anything here.
  return Object.values(laps).some(({ pos }) => Array.isArray(pos) && pos.some(isNumber));
}

/**
 * Returns the number of a driver's last lap. The file also contains the lap on which a car stopped, without a time and a
 * position; it does not count as completed.
 */
function lastLap({ lap, time, pos }: LapTimes, onlyCompleted: boolean): number {
  const laps = lap.filter((_lap, row) => !onlyCompleted || isNumber(time[row]) || isNumber(pos?.[row]));
  // Unchecked payloads may hold "None" here.
  return laps.filter(isNumber).reduce((most, number) => Math.max(most, number), 0);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function entryOf(
  driver: Driver,
  laps: LapTimes | undefined,
  { race, onlyCompleted, timed }: {
    readonly race: boolean;
    readonly onlyCompleted: boolean;
    readonly timed: ReadonlySet<number>;
  },
): Entry {
  if (laps === undefined) return { driver, laps: 0, fastestLap: null, isPlaced: false, rank: [] };
  const count = lastLap(laps, onlyCompleted);
  const fastestLap = fastestLapOf(driver.driver, laps) ?? null;
  const rank = race
    ? [-count, lastPosition(laps, count), totalTime(laps, timed)]
    : qualifyingRank(driver.driver, laps);
  // A driver who stops on the first lap has started the race, and gets a position.
  const isPlaced = race ? lastLap(laps, false) > 0 : fastestLap !== null;
  return { driver, laps: count, fastestLap, isPlaced, rank };
}

function lastPosition({ lap, pos }: LapTimes, last: number): number {
  const position = pos?.[lap.lastIndexOf(last)];
  return typeof position === "number" ? position : Infinity;
}

/** Returns the numbers of the laps that any driver has a time for. */
function timedLaps(laps: Readonly<Record<string, LapTimes>>): ReadonlySet<number> {
  // Unchecked payloads may hold "None" here.
  return new Set(
    Object.values(laps).flatMap(({ lap, time }) =>
      lap.filter((number, row) => isNumber(number) && isNumber(time[row]))
    ),
  );
}

/**
 * Adds up a driver's lap times. Laps that nobody has a time for, as behind a safety car, are left out for everybody. A driver who
 * lacks the time of another lap would have too small a total, and gets `Infinity`.
 */
function totalTime(laps: LapTimes, timed: ReadonlySet<number>): number {
  const { lap, time } = laps;
  const last = lastLap(laps, false);
  const secondsOf = new Map(lap.map((number, row) => [number, time[row]]));
  let total = 0;
  for (const number of timed) {
    if (number > last) continue;
    const seconds = secondsOf.get(number);
    if (!isNumber(seconds)) return Infinity;
    total += seconds;
  }
  return total;
}

/**
 * Ranks by the part of qualifying that the driver reached, by the number at the end of its name; a driver who reached a later
 * part is ahead, even without a time in it. The fastest lap in that part is next, then the fastest lap of the session. Of equal
 * times, the one that was set first is ahead.
 */
function qualifyingRank(driver: string, laps: LapTimes): readonly number[] {
  const overall = fastestLapOf(driver, laps);
  const qs = Array.isArray(laps.qs) ? laps.qs : [];
  // The lookbehind makes long digits take linear time.
  const parts = qs.map((part) => Number(/(?<!\d)\d+$/.exec(String(part))?.[0] ?? 0));
  const reached = parts.reduce((most, part) => Math.max(most, part), 0);
  const inPart = {
    ...laps,
    time: laps.time.map((time, row) => parts.length === 0 || parts[row] === reached ? time : null),
  };
  const best = fastestLapOf(driver, inPart);
  return [
    -reached,
    best?.time ?? Infinity,
    endOf(laps, best),
    overall?.time ?? Infinity,
    endOf(laps, overall),
  ];
}

function byRank(a: Entry, b: Entry): number {
  for (const [index, value] of a.rank.entries()) {
    const other = b.rank[index]!;
    if (value !== other) return value - other;
  }
  return 0;
}

function toResult({ driver, laps, fastestLap }: Entry, position: number | null): SessionResult {
  return { position, driver, laps, fastestLap };
}
