/**
 * The table of targets, as text for the terminal and as Markdown.
 *
 * @module
 */

import { type Bound, type Row, verdictOf } from "./target.ts";

/** The head of the Markdown table. */
export const MARKDOWN_HEAD: string = [
  "| | question | wanted | measured | spread of the rounds | verdict | figures |",
  "| --- | --- | --- | --- | --- | --- | --- |",
].join("\n");

/** Formats a row as two lines for the terminal. */
export function terminalLine(id: string, row: Row): string {
  const { question, wanted, measured, spread, verdict, detail } = cellsOf(row);
  const head = `${id}  ${verdict.padEnd(12)}  ${measured.padStart(11)}  ${wanted.padStart(9)}`;
  return `${head}  ${question.replaceAll("`", "")}\n${" ".repeat(43)}${spread}${spread && "; "}${detail}`;
}

/** Formats a row as a line of the Markdown table. */
export function markdownLine(id: string, row: Row): string {
  const { question, wanted, measured, spread, verdict, detail } = cellsOf(row);
  const shown = verdict === "MISSED" ? "**missed**" : verdict;
  return `| ${[id, question, wanted, measured, spread, shown, detail].join(" | ")} |`;
}

interface Cells {
  readonly question: string;
  readonly wanted: string;
  readonly measured: string;
  readonly spread: string;
  readonly verdict: string;
  readonly detail: string;
}

function cellsOf(row: Row): Cells {
  const { question, bound, measured, detail, unit } = row;
  const show = (value: number): string =>
    `${value.toFixed(unit === "×" ? 2 : 1)}${unit === "×" ? "" : ` ${unit}`}`;
  return {
    question,
    wanted: bound === undefined ? "" : boundText(bound, unit),
    measured: measured === undefined ? "–" : show(measured.value),
    spread: measured === undefined || measured.low === measured.high
      ? ""
      : `${show(measured.low)} to ${show(measured.high)}`,
    verdict: verdictOf(row),
    detail,
  };
}

function boundText({ atLeast, atMost }: Bound, unit: Row["unit"]): string {
  const suffix = unit === undefined || unit === "×" ? "" : ` ${unit}`;
  if (atLeast === undefined) return `≤ ${atMost}${suffix}`;
  return atMost === undefined ? `≥ ${atLeast}${suffix}` : `${atLeast} to ${atMost}${suffix}`;
}
