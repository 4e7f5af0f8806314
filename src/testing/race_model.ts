/**
 * The model of an invented race: its drivers and the laps of each. Everything follows from a seed.
 *
 * @module
 */

import { derivedSeed } from "./derived_seed.ts";
import { seededRandom } from "./random.ts";

/** A driver of the race. */
export interface RaceDriver {
  readonly code: string;
  readonly team: string;
  readonly number: string;
  readonly firstName: string;
  readonly lastName: string;
  /** Six hexadecimal digits. */
  readonly colour: string;
}

/** One lap of one driver. */
export interface RaceLap {
  /** The lap time, in seconds, rounded to a millisecond. */
  readonly durationS: number;
  /** Whether the lap time is missing in the files. */
  readonly isUntimed: boolean;
  readonly compound: string;
  /** The stint, from 1. */
  readonly stint: number;
  /** How many laps the tyres have run, this one included. */
  readonly tyreLife: number;
}

const GRID: readonly (readonly [string, string, string, string, string, string])[] = [
  ["VER", "Red Bull Racing", "1", "Max", "Verstappen", "4781D7"],
  ["PIA", "McLaren", "81", "Oscar", "Piastri", "F47600"],
  ["NOR", "McLaren", "4", "Lando", "Norris", "F47600"],
  ["LEC", "Ferrari", "16", "Charles", "Leclerc", "ED1131"],
  ["HAM", "Ferrari", "44", "Lewis", "Hamilton", "ED1131"],
  ["RUS", "Mercedes", "63", "George", "Russell", "00D7B6"],
  ["ANT", "Mercedes", "12", "Andrea Kimi", "Antonelli", "00D7B6"],
  ["TSU", "Red Bull Racing", "22", "Yuki", "Tsunoda", "4781D7"],
  ["ALO", "Aston Martin", "14", "Fernando", "Alonso", "229971"],
  ["STR", "Aston Martin", "18", "Lance", "Stroll", "229971"],
  ["GAS", "Alpine", "10", "Pierre", "Gasly", "00A1E8"],
  ["COL", "Alpine", "43", "Franco", "Colapinto", "00A1E8"],
  ["ALB", "Williams", "23", "Alexander", "Albon", "1868DB"],
  ["SAI", "Williams", "55", "Carlos", "Sainz", "1868DB"],
  ["HUL", "Kick Sauber", "27", "Nico", "Hulkenberg", "01C00E"],
  ["BOR", "Kick Sauber", "5", "Gabriel", "Bortoleto", "01C00E"],
  ["LAW", "Racing Bulls", "30", "Liam", "Lawson", "6C98FF"],
  ["HAD", "Racing Bulls", "6", "Isack", "Hadjar", "6C98FF"],
  ["OCO", "Haas F1 Team", "31", "Esteban", "Ocon", "9C9FA2"],
  ["BEA", "Haas F1 Team", "87", "Oliver", "Bearman", "9C9FA2"],
];

/** The maximum number of drivers. */
export const MAX_DRIVERS: number = GRID.length;

const BASE_LAP_S = 100;
const COMPOUNDS = ["SOFT", "MEDIUM", "HARD"] as const;

/** Unusually long or short laps: the share of all laps, and the range of factors of the usual time. */
const ODD_LAPS: readonly { readonly share: number; readonly from: number; readonly to: number }[] = [
  { share: 0.001, from: 8, to: 27 },
  { share: 0.004, from: 3.5, to: 8 },
  { share: 0.015, from: 1.5, to: 3.5 },
  { share: 0.05, from: 1.08, to: 1.5 },
  { share: 0.01, from: 0.4, to: 0.75 },
];

/** Returns the drivers, the fastest first. */
export function raceDrivers(count: number): RaceDriver[] {
  return GRID.slice(0, count).map(([code, team, number, firstName, lastName, colour]) => ({
    code,
    team,
    number,
    firstName,
    lastName,
    colour,
  }));
}

/**
 * Creates the laps of one driver.
 *
 * @param seed The seed of the race.
 * @param grid The driver's position on the grid, from 0.
 * @param count The number of laps.
 */
export function raceLaps(seed: number, grid: number, count: number): RaceLap[] {
  const random = seededRandom(derivedSeed(seed, "laps", grid));
  const laps: RaceLap[] = [];
  const stintLaps = 12 + Math.floor(random() * 12);
  let compoundIndex = Math.floor(random() * COMPOUNDS.length);
  for (let lap = 1, tyreLife = 1, stint = 1; lap <= count; lap++, tyreLife++) {
    const isOutLap = lap > 1 && (lap - 1) % stintLaps === 0;
    if (isOutLap) {
      tyreLife = 1;
      stint++;
      compoundIndex = (compoundIndex + 1) % COMPOUNDS.length;
    }
    const pitS = isOutLap ? 18 : lap === 1 ? 6 : 0;
    const usualS = BASE_LAP_S + grid * 0.08 + tyreLife * 0.03 + pitS + (random() + random() - 1) * 1.5;
    laps.push({
      durationS: Math.round(usualS * oddness(random) * 1_000) / 1_000,
      isUntimed: lap === 1 || random() < 0.02,
      compound: COMPOUNDS[compoundIndex]!,
      stint,
      tyreLife,
    });
  }
  return laps;
}

/**
 * Returns the factor by which a lap takes longer than usual. Draws two random numbers in any case, so that the following numbers
 * stay the same.
 */
function oddness(random: () => number): number {
  let luck = random();
  const degree = random();
  for (const { share, from, to } of ODD_LAPS) {
    if (luck < share) return from + (to - from) * degree;
    luck -= share;
  }
  return 1;
}
