/**
 * Writes the small files of a race: drivers, corners, weather, messages and lap times.
 *
 * @module
 */

import { derivedSeed } from "./derived_seed.ts";
import { type Cell, floatColumn, MISSING, plainColumn, tableText } from "./json_text.ts";
import type { RaceDriver, RaceLap } from "./race_model.ts";
import { seededRandom } from "./random.ts";

const CORNERS = 16;
const START_MS = Date.UTC(2025, 11, 7, 13);

/** Writes `drivers.json`; from 2026 on it contains only codes and teams. */
export function driversText(drivers: readonly RaceDriver[], year: number): string {
  return JSON.stringify({
    drivers: drivers.map(({ code, team, number, firstName, lastName, colour }, index) => {
      if (year >= 2026) return { driver: code, team };
      const url = index % 7 === 6 ? MISSING : `https://media.example.com/drivers/${code}/1col/image.png`;
      return { driver: code, team, dn: number, fn: firstName, ln: lastName, tc: colour, url };
    }),
  });
}

/** Writes `corners.json`. */
export function cornersText(seed: number): string {
  const random = seededRandom(derivedSeed(seed, "corners"));
  const column = (from: number, to: number) =>
    Array.from({ length: CORNERS }, () => from + random() * (to - from));
  return tableText({
    CornerNumber: plainColumn(Array.from({ length: CORNERS }, (_, index) => index + 1)),
    X: floatColumn(column(-6_000, 8_000)),
    Y: floatColumn(column(-5_000, 9_000)),
    Angle: floatColumn(column(-360, 0)),
    Distance: floatColumn(column(100, 5_300).sort((a, b) => a - b)),
    Rotation: "92.0",
  });
}

/** Writes `weather.json`, with one row per minute. */
export function weatherText(seed: number, durationS: number): string {
  const random = seededRandom(derivedSeed(seed, "weather"));
  const rows = Math.max(1, Math.ceil(durationS / 60));
  const column = (from: number, spread: number, digits: number) =>
    Array.from({ length: rows }, () => Number((from + (random() - 0.5) * spread).toFixed(digits)));
  return tableText({
    wT: floatColumn(column(0, 0.05, 3).map((offset, row) => Number(((row + 1) * 60.01 + offset).toFixed(3)))),
    wAT: floatColumn(column(27, 1, 1)),
    wH: floatColumn(column(54, 4, 0)),
    wP: floatColumn(column(1_016.4, 0.4, 1)),
    wR: plainColumn(Array.from({ length: rows }, () => random() < 0.02)),
    wTT: floatColumn(column(34, 2, 1)),
    wWD: plainColumn(column(180, 358, 0)),
    wWS: floatColumn(column(2.5, 4, 1)),
  });
}

/** Writes `rcm.json`: the messages of race control, with missing values as in the real files. */
export function raceControlText(seed: number, drivers: readonly RaceDriver[], durationS: number): string {
  const random = seededRandom(derivedSeed(seed, "messages"));
  const rows: Cell[][] = [[
    "GREEN LIGHT - PIT EXIT OPEN",
    "Flag",
    MISSING,
    "GREEN",
    "Track",
    MISSING,
    MISSING,
  ]];
  for (let row = 0; row < 48; row++) rows.push(message(random, drivers));
  rows.push(["CHEQUERED FLAG", "Flag", MISSING, "CHEQUERED", "Track", MISSING, MISSING]);
  const cells = (index: number): Cell[] => rows.map((row) => row[index]!);
  return tableText({
    time: plainColumn(rows.map((_, row) => isoText(row / (rows.length - 1) * durationS))),
    cat: plainColumn(cells(1)),
    msg: plainColumn(cells(0)),
    status: plainColumn(cells(2)),
    flag: plainColumn(cells(3)),
    scope: plainColumn(cells(4)),
    sector: floatColumn(cells(5)),
    dNum: plainColumn(cells(6)),
  });
}

/** Writes `{driver}/laptimes.json`. */
export function lapTimesText(
  seed: number,
  code: string,
  laps: readonly RaceLap[],
  positions: readonly number[],
): string {
  const random = seededRandom(derivedSeed(seed, "sectors", code));
  const sectors = laps.map(({ durationS }) => {
    const first = milliseconds(durationS * (0.2 + random() * 0.01));
    const second = milliseconds(durationS * (0.42 + random() * 0.01));
    return [first, second, milliseconds(durationS - first - second)] as const;
  });
  return tableText({
    time: floatColumn(laps.map(({ durationS, isUntimed }) => isUntimed ? MISSING : durationS)),
    lap: floatColumn(laps.map((_, index) => index + 1)),
    compound: plainColumn(laps.map(({ compound }) => compound)),
    stint: plainColumn(laps.map(({ stint }) => stint)),
    s1: floatColumn(sectors.map(([first], index) => index === 0 ? MISSING : first)),
    s2: floatColumn(sectors.map(([, second]) => second)),
    s3: floatColumn(sectors.map(([, , third]) => third)),
    life: plainColumn(laps.map(({ tyreLife }) => tyreLife)),
    pos: plainColumn(positions),
    status: plainColumn(laps.map(() => random() < 0.05 ? "24" : "1")),
    pb: plainColumn(personalBests(laps)),
  });
}

function message(random: () => number, drivers: readonly RaceDriver[]): Cell[] {
  const sector = 1 + Math.floor(random() * 20);
  const { number, code } = drivers[Math.floor(random() * drivers.length)]!;
  switch (Math.floor(random() * 4)) {
    case 0:
      return [`YELLOW IN TRACK SECTOR ${sector}`, "Flag", MISSING, "YELLOW", "Sector", sector, MISSING];
    case 1:
      return [`CLEAR IN TRACK SECTOR ${sector}`, "Flag", MISSING, "CLEAR", "Sector", sector, MISSING];
    case 2:
      return ["DRS ENABLED", "Drs", "ENABLED", MISSING, MISSING, MISSING, MISSING];
    default:
      return [
        `BLACK AND WHITE FLAG FOR CAR ${number} (${code}) - TRACK LIMITS`,
        "Flag",
        MISSING,
        "BLACK AND WHITE",
        "Driver",
        MISSING,
        number,
      ];
  }
}

/** Writes a time as in the published files: with nanoseconds and without a zone. */
function isoText(seconds: number): string {
  return new Date(START_MS + Math.round(seconds) * 1_000).toISOString().replace("Z", "000000");
}

function personalBests(laps: readonly RaceLap[]): boolean[] {
  let bestS = Infinity;
  return laps.map(({ durationS, isUntimed }) => {
    if (isUntimed || durationS >= bestS) return false;
    bestS = durationS;
    return true;
  });
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
