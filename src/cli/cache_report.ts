/**
 * The report of `slipstream cache stats`, in columns.
 *
 * @module
 */

import type { Amount, CacheSurvey, EntryState } from "./cache_survey.ts";
import { formatBytes, formatCount, formatDuration, formatPlural } from "./format.ts";
import type { Paint, Style } from "./style.ts";
import { layOutTable, type TableCell } from "./table.ts";

/** How many origins get a line of their own; the last line sums up the others. */
const MAX_ORIGINS = 10;

/** The titles of the states, and whether a state without entries has a line. */
const STATES: readonly (readonly [state: EntryState, title: string, isAlwaysShown: boolean])[] = [
  ["fresh", "fresh", true],
  ["stale", "stale", true],
  ["expired", "expired", true],
  ["index", "indexes", false],
  ["damaged", "damaged", false],
  ["unfinished", "unfinished", false],
];

/**
 * Lays out the contents of a cache.
 *
 * @param survey The contents.
 * @param nowMs The time, in milliseconds since 1970.
 * @param style The colours.
 */
export function cacheReport(survey: CacheSurvey, nowMs: number, style: Style): string[] {
  const { storedAt, origins } = survey;
  const sections = [stateTable(survey, style)];
  if (storedAt !== undefined) {
    sections.push(layOutTable([
      ["oldest", formatTime(storedAt.oldest), { text: ago(nowMs - storedAt.oldest), paint: style.dim }],
      ["newest", formatTime(storedAt.newest), { text: ago(nowMs - storedAt.newest), paint: style.dim }],
    ], "lll"));
  }
  if (origins.length > 0) sections.push(originTable(survey, style));
  return sections.flatMap((lines, index) => index === 0 ? lines : ["", ...lines]);
}

function stateTable({ states, all }: CacheSurvey, style: Style): string[] {
  const row = (title: string, { files, bytes }: Amount, paint?: Paint): TableCell[] =>
    [title, formatCount(files), formatBytes(bytes)].map((text) => paint ? { text, paint } : text);
  const shown = STATES.filter(([state, , isAlwaysShown]) => isAlwaysShown || states[state].files > 0);
  return layOutTable([
    header(["", "entries", "size"], style),
    ...shown.map(([state, title]) =>
      row(title, states[state], state === "damaged" ? style.yellow : undefined)
    ),
    row("all", all, style.bold),
  ], "lrr");
}

function originTable({ origins }: CacheSurvey, style: Style): string[] {
  const others = origins.slice(MAX_ORIGINS);
  const rest = {
    origin: formatPlural(others.length, "other"),
    files: sum(others.map(({ files }) => files)),
    bytes: sum(others.map(({ bytes }) => bytes)),
    fresh: sum(others.map(({ fresh }) => fresh)),
    stale: sum(others.map(({ stale }) => stale)),
    expired: sum(others.map(({ expired }) => expired)),
  };
  const rows = others.length === 0 ? origins : [...origins.slice(0, MAX_ORIGINS), rest];
  return layOutTable([
    header(["origin", "entries", "size", "fresh", "stale", "expired"], style),
    ...rows.map(({ origin, files, bytes, fresh, stale, expired }) => [
      origin,
      formatCount(files),
      formatBytes(bytes),
      ...[fresh, stale, expired].map(formatCount),
    ]),
  ], "lrrrrr");
}

function header(titles: readonly string[], style: Style): TableCell[] {
  return titles.map((text) => ({ text, paint: style.dim }));
}

/** Formats a time: `2026-11-21 07:08:49 UTC`, or `?` for a number that is no time. */
function formatTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "?";
  return `${date.toISOString().replace("T", " ").replace(/\.\d+Z$/, "")} UTC`;
}

function ago(ms: number): string {
  return ms < 0 ? "in the future" : `${formatDuration(ms)} ago`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
