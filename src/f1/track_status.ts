/**
 * Derives the state of the track lap by lap from the laps of all drivers.
 *
 * @module
 */

import type { LapTimes } from "./lap_times.ts";

/** A state of the track. */
export type TrackState =
  | "green"
  | "yellow"
  | "safety-car"
  | "red"
  | "virtual-safety-car"
  | "virtual-safety-car-ending";

/** The states of the track during one lap. */
export interface TrackStatus {
  /** The lap's number. */
  readonly lap: number;
  /** The published digits of the states, in ascending order. */
  readonly status: string;
  /** The meanings of the digits; unknown digits are left out. */
  readonly states: readonly TrackState[];
}

/** The states by their digits in Formula 1's live timing. */
const STATES: Readonly<Record<string, TrackState>> = {
  1: "green",
  2: "yellow",
  4: "safety-car",
  5: "red",
  6: "virtual-safety-car",
  7: "virtual-safety-car-ending",
};

/**
 * Collects all states that any driver had during each lap.
 *
 * @param laps The laps by driver.
 * @returns The laps in order; empty for seasons whose files have no states.
 */
export function trackStatusOf(laps: Readonly<Record<string, LapTimes>>): readonly TrackStatus[] {
  const digitsOf = new Map<number, Set<string>>();
  for (const { lap, status } of Object.values(laps)) {
    // Unchecked payloads may hold anything here.
    for (const [row, text] of (Array.isArray(status) ? status : []).entries()) {
      const digits = /^\d+$/.test(String(text)) ? String(text) : "";
      const number = lap[row]!;
      const known = digitsOf.get(number) ?? new Set();
      digitsOf.set(number, new Set([...known, ...digits]));
    }
  }
  return [...digitsOf].filter(([, digits]) => digits.size > 0).sort(([a], [b]) => a - b).map(([lap, set]) => {
    const digits = [...set].sort();
    const states = digits.map((digit) => STATES[digit]).filter((state) => state !== undefined);
    return { lap, status: digits.join(""), states };
  });
}
