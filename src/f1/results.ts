/**
 * The order of a session, as far as its laps tell.
 *
 * @module
 */

import type { Driver } from "./drivers.ts";
import { type FastestLap, fastestLapOf } from "./fastest_lap.ts";
import type { LapTimes } from "./lap_times.ts";

/** How a driver did. */
export interface SessionResult {
  /** The place, from 1; `null` for a driver who did not start a race, or has no time in another session. */
  readonly position: number | null;
  /** The driver. */
  readonly driver: Driver;
  /** How many laps the driver drove; in a race, how many the driver completed. */
  readonly laps: number;
  /** The fastest lap; `null` if none has a time that counts. */
  readonly fastestLap: FastestLap | null;
}

/** What the order goes by. */
interface Entry {
  readonly driver: Driver;
  readonly laps: number;
  readonly fastestLap: FastestLap | null;
  readonly isPlaced: boolean;
  /** From the most to the least important; the smaller is ahead. */
  readonly rank: readonly number[];
}

/** Whether who drove furthest is ahead, rather than who drove the fastest lap; the sprints of 2021 were called otherwise. */
export function isRace(year: number, session: string): boolean {
  return session === "Race" || session === "Sprint" || (year === 2021 && session === "Sprint Qualifying");
}

/**
 * The order of the drivers. A race is ordered by the laps that were completed and the position at the end of the last one (or, in
 * seasons whose files have no positions, the time that they took); other sessions by the part of qualifying that was reached and the
 * fastest lap in it.
 *
 * @param drivers Who took part.
 * @param laps The laps of those who have some.
 * @param race Whether it was a race.
 * @returns The drivers in order; those without a place last, in the order of `drivers`.
 */
export function resultsOf(
  drivers: readonly Driver[],
  laps: Readonly<Record<string, LapTimes>>,
  race: boolean,
): readonly SessionResult[] {
  const onlyCompleted = race && havePositions(laps);
  const entries = drivers.map((driver) => entryOf(driver, laps[driver.driver], { race, onlyCompleted }));
  const placed = entries.filter(({ isPlaced }) => isPlaced);
  const others = entries.filter(({ isPlaced }) => !isPlaced);
  placed.sort(byRank);
  return [
    ...placed.map((entry, index) => toResult(entry, index + 1)),
    ...others.map((entry) => toResult(entry, null)),
  ];
}

/**
 * How many laps the leader drove.
 *
 * @param laps The laps by driver.
 * @param race Whether it was a race, where only laps that were completed count.
 * @returns The highest number of a lap; 0 without any.
 */
export function totalLapsOf(laps: Readonly<Record<string, LapTimes>>, race: boolean): number {
  const onlyCompleted = race && havePositions(laps);
  return Object.values(laps).reduce((most, own) => Math.max(most, lastLap(own, onlyCompleted)), 0);
}

/** Whether the files of a race say who was where at the end of a lap; in the oldest seasons they do not. */
function havePositions(laps: Readonly<Record<string, LapTimes>>): boolean {
  // Unchecked payloads may hold anything here.
  return Object.values(laps).some(({ pos }) => Array.isArray(pos) && pos.some(isNumber));
}

/** The last lap of a driver. The one on which a car stopped is in the file too, and has neither a time nor a position. */
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
  { race, onlyCompleted }: { readonly race: boolean; readonly onlyCompleted: boolean },
): Entry {
  if (laps === undefined) return { driver, laps: 0, fastestLap: null, isPlaced: false, rank: [] };
  const count = lastLap(laps, onlyCompleted);
  const fastestLap = fastestLapOf(driver.driver, laps) ?? null;
  const rank = race
    ? [-count, lastPosition(laps, count), totalTime(laps)]
    : qualifyingRank(driver.driver, laps);
  // Who stops on the first lap has started.
  const isPlaced = race ? lastLap(laps, false) > 0 : fastestLap !== null;
  return { driver, laps: count, fastestLap, isPlaced, rank };
}

function lastPosition({ lap, pos }: LapTimes, last: number): number {
  const position = pos?.[lap.lastIndexOf(last)];
  return typeof position === "number" ? position : Infinity;
}

function totalTime({ time }: LapTimes): number {
  let total = 0;
  for (const seconds of time) {
    if (typeof seconds !== "number") return Infinity;
    total += seconds;
  }
  return total;
}

/** The parts of qualifying have names that sort: those who reached a later one are ahead, also without a time there. */
function qualifyingRank(driver: string, laps: LapTimes): readonly number[] {
  const overall = fastestLapOf(driver, laps)?.time ?? Infinity;
  const qs = Array.isArray(laps.qs) ? laps.qs : [];
  const parts = qs.map((part) => Number(/\d+$/.exec(String(part))?.[0] ?? 0));
  const reached = Math.max(0, ...parts);
  const inPart = {
    ...laps,
    time: laps.time.map((time, row) => parts.length === 0 || parts[row] === reached ? time : null),
  };
  return [-reached, fastestLapOf(driver, inPart)?.time ?? Infinity, overall];
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
