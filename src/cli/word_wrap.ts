/**
 * Texts for people, in lines that fit.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import type { Terminal, TerminalOutput } from "../runtime/terminal/contract.ts";
import { styleFor } from "./style.ts";

/** Colours take no columns (ECMA-48 §8.3.117). */
// deno-lint-ignore no-control-regex -- that is how they begin.
const COLOURS = /\x1b\[[0-9;]*m/g;
/** How much further in the rest of a line begins. */
const HANGING = "  ";

/**
 * Breaks lines between the cells of a table, or else between words. What has no spaces, such as a URL, is left whole.
 *
 * @param text One or more lines, which may have colours.
 * @param columns How wide a line may be.
 * @param hanging What the rest of a line begins with, besides the spaces that the line began with.
 * @returns The lines.
 */
export function wrapWords(text: string, columns: number, hanging: string = HANGING): string {
  return text.split("\n").map((line) => widthOf(line) <= columns ? line : wrapLine(line, columns, hanging))
    .join("\n");
}

/** Writes a text for people: in whole words on a terminal, as it is elsewhere. */
export async function writeWords(output: TerminalOutput, text: string): Promise<void> {
  // The last column stays free: some terminals wrap when it is written.
  await output.write(output.isTerminal ? wrapWords(text, output.columns() - 1) : text);
}

/** Says on stderr what is not as it was to be, while everything else goes on. */
export async function writeWarning(
  { stderr, noColor }: Pick<Terminal, "stderr" | "noColor">,
  text: string,
): Promise<void> {
  await writeWords(stderr, `${styleFor(stderr, noColor).yellow("warning")}: ${text}\n`);
}

function wrapLine(line: string, columns: number, hanging: string): string {
  const [indent = ""] = /^ */.exec(line) ?? [];
  const lines: string[] = [];
  let current = "";
  const add = (piece: string): void => {
    const begin = lines.length === 0 ? indent : indent + hanging;
    if (current === "") current = begin + piece.trimStart();
    else if (widthOf(current + piece) <= columns) current += piece;
    else {
      lines.push(current);
      current = indent + hanging + piece.trimStart();
    }
  };
  // The cell of a table stays whole if it has room on a line of its own.
  for (const cell of line.slice(indent.length).match(/ *[^ ]+(?: [^ ]+)*/g) ?? []) {
    if (widthOf(indent + hanging + cell.trimStart()) <= columns) add(cell);
    else for (const word of cell.match(/ *[^ ]+/g)!) add(word);
  }
  return [...lines, current].join("\n");
}

function widthOf(text: string): number {
  return unicodeWidth(text.replace(COLOURS, ""));
}
