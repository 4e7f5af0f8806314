/**
 * The line that shows how far a run has come.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import { formatBytes, formatCount, formatDuration, formatPlural, formatRate } from "./format.ts";
import type { Paint, Style } from "./style.ts";

/** How far a run has come. */
export interface ProgressState {
  /** The name of the run, where a command makes several. */
  readonly label?: string | undefined;
  /** How many inputs or files have ended, failed ones included. */
  readonly done: number;
  /** How many inputs or files have failed. */
  readonly failed: number;
  /** How many inputs or files there are; absent while that is unknown. */
  readonly total?: number | undefined;
  /** How many inputs or files end per second. */
  readonly perSecond: number;
  readonly bytesPerSecond: number;
  /** The progress of a large body, in bytes. */
  readonly transfer?:
    | { readonly name: string; readonly received: number; readonly total: number | undefined }
    | undefined;
  /** What is left of the large bodies of known length that are arriving; absent if there are none. */
  readonly arriving?: { readonly bodies: number; readonly bytes: number } | undefined;
  readonly inFlight: number;
  readonly retries: number;
  /** How many circuit breakers are not closed. */
  readonly openBreakers: number;
}

interface Part {
  readonly text: string;
  readonly paint?: Paint | undefined;
  /** The order in which parts are dropped from a line that is too narrow: the highest number first. */
  readonly rank: number;
}

const GAP = "  ";
const BAR_COLUMNS = 24;
const LEAST_BAR_COLUMNS = 8;
const COUNT_RANK = 0;
const MAX_NAME_COLUMNS = 24;

/**
 * Draws the line. Parts that do not fit are left out, the least important first.
 *
 * @param state How far the run has come.
 * @param columns The greatest width of the line; without it the line is as wide as needed, and has no bar.
 * @param style The colours.
 * @returns The line, without a line break, at most `columns` wide.
 */
export function renderProgressLine(state: ProgressState, columns: number | undefined, style: Style): string {
  const parts = describe(state, style);
  if (columns === undefined) return paintAll(parts).join(GAP);
  while (parts.length > 1 && widthOf(parts) > columns) {
    const rank = Math.max(...parts.map((part) => part.rank));
    parts.splice(parts.findIndex((part) => part.rank === rank), 1);
  }
  if (widthOf(parts) > columns) return clip(parts[0]?.text ?? "", columns);
  const painted = paintAll(parts);
  const bar = drawBar(state, columns - widthOf(parts) - GAP.length, style);
  if (bar !== "") painted.splice(parts.findIndex(({ rank }) => rank === COUNT_RANK) + 1, 0, bar);
  return painted.join(GAP);
}

/** Estimates the time to the end at the present speed, in milliseconds; `undefined` if there is no basis for it. */
export function estimateMs(state: ProgressState): number | undefined {
  const { of, done, perSecond } = progressOf(state);
  if (of === undefined || of <= done) return undefined;
  const countMs = perSecond <= 0 ? undefined : (of - done) / perSecond * 1_000;
  const arrivingMs = estimateArrivingMs(state);
  if (countMs === undefined) return state.arriving?.bodies === of - done ? arrivingMs : undefined;
  return Math.max(countMs, arrivingMs ?? 0);
}

/** Estimates when all large bodies that are arriving have arrived, which the count of inputs knows nothing about. */
function estimateArrivingMs({ total, arriving, bytesPerSecond }: ProgressState): number | undefined {
  if (total === 1 || arriving === undefined || bytesPerSecond <= 0) return undefined;
  return arriving.bytes / bytesPerSecond * 1_000;
}

/**
 * Returns the numbers for percentage, bar and estimate: those of the bytes if the run fetches a single body of known length, else
 * those of the inputs or files.
 */
function progressOf(
  state: ProgressState,
): { readonly done: number; readonly of: number | undefined; readonly perSecond: number } {
  const { done, total, perSecond, bytesPerSecond, transfer } = state;
  if (total !== 1 || transfer?.total === undefined) return { done, of: total, perSecond };
  return { done: transfer.received, of: transfer.total, perSecond: bytesPerSecond };
}

function describe(state: ProgressState, style: Style): Part[] {
  const parts: Part[] = state.label === undefined ? [] : [{ text: state.label, rank: 9 }];
  parts.push({ text: countText(state), paint: style.bold, rank: COUNT_RANK });
  const etaMs = estimateMs(state);
  const { total, failed, retries, openBreakers, perSecond, bytesPerSecond, inFlight } = state;
  const { done, of } = progressOf(state);
  if (of !== undefined && of > 0) {
    parts.push({ text: `${String(Math.floor(done / of * 100)).padStart(3)} %`, rank: 3 });
  }
  if (total !== 1) parts.push({ text: `${formatRate(perSecond).padStart(4)}/s`, rank: 5 });
  if (bytesPerSecond > 0) parts.push({ text: `${formatBytes(bytesPerSecond).padStart(8)}/s`, rank: 6 });
  parts.push({ text: `${formatCount(inFlight).padStart(2)} in flight`, rank: 8 });
  if (retries > 0) parts.push({ text: retriesText(retries), paint: style.yellow, rank: 7 });
  if (state.transfer !== undefined) parts.push({ text: transferText(state.transfer), rank: 6 });
  if (openBreakers > 0) {
    parts.push({ text: `${formatPlural(openBreakers, "breaker")} open`, paint: style.yellow, rank: 2 });
  }
  if (failed > 0) parts.push({ text: `${formatCount(failed)} failed`, paint: style.red, rank: 1 });
  if (etaMs !== undefined) parts.push({ text: `ETA ${formatDuration(etaMs)}`, paint: style.dim, rank: 4 });
  return parts;
}

function countText({ done, total }: ProgressState): string {
  if (total === undefined) return `${formatCount(done)} done`;
  const all = formatCount(total);
  return `${formatCount(done).padStart(all.length)}/${all}`;
}

function transferText({ name, received, total }: NonNullable<ProgressState["transfer"]>): string {
  const shown = clip(name, MAX_NAME_COLUMNS);
  const title = shown === name ? name : `${clip(name, MAX_NAME_COLUMNS - 1)}…`;
  if (total === undefined || total === 0) return `${title} ${formatBytes(received)}`;
  return `${title} ${Math.floor(received / total * 100)} % of ${formatBytes(total)}`;
}

function retriesText(retries: number): string {
  return retries === 1 ? "1 retry" : `${formatCount(retries)} retries`;
}

function drawBar(state: ProgressState, room: number, style: Style): string {
  const { done, of } = progressOf(state);
  const columns = Math.min(room, BAR_COLUMNS);
  if (of === undefined || of === 0 || columns < LEAST_BAR_COLUMNS) return "";
  const filled = Math.min(columns, Math.floor(done / of * columns));
  return style.cyan("━".repeat(filled)) + style.dim("─".repeat(columns - filled));
}

function paintAll(parts: readonly Part[]): string[] {
  return parts.map(({ text, paint }) => paint === undefined ? text : paint(text));
}

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((width, { text }) => width + unicodeWidth(text) + GAP.length, -GAP.length);
}

function clip(text: string, columns: number): string {
  let clipped = "";
  for (const character of text) {
    if (unicodeWidth(clipped + character) > columns) break;
    clipped += character;
  }
  return clipped;
}
