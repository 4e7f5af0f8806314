/**
 * Line breaks in texts for people.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import type { Terminal, TerminalOutput } from "../runtime/terminal/contract.ts";
import { styleFor } from "./style.ts";

/** Colours take no columns (ECMA-48 §8.3.117). */
// deno-lint-ignore no-control-regex -- that is how they begin.
const COLOURS = /\x1b\[[0-9;]*m/g;
/** The extra indent of the rest of a line. */
const HANGING = "  ";

/**
 * Breaks lines between the cells of a table, or else between words. A word without spaces, such as a URL, stays whole.
 *
 * @param text One or more lines, which may have colours.
 * @param columns The greatest width of a line.
 * @param hanging The indent of the rest of a line, besides the spaces that the line begins with.
 * @returns The lines.
 */
export function wrapWords(text: string, columns: number, hanging: string = HANGING): string {
  return text.split("\n").map((line) => widthOf(line) <= columns ? line : wrapLine(line, columns, hanging))
    .join("\n");
}

/** Writes a text for people: broken between words on a terminal, unchanged elsewhere. */
export async function writeWords(output: TerminalOutput, text: string): Promise<void> {
  // The last column stays free, because some terminals wrap after writing it.
  await output.write(output.isTerminal ? wrapWords(text, output.columns() - 1) : text);
}

/** Writes a warning to stderr; everything else goes on. */
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
  // A cell stays whole if it fits on a line of its own.
  for (const cell of line.slice(indent.length).match(/ *[^ ]+(?: [^ ]+)*/g) ?? []) {
    if (widthOf(indent + hanging + cell.trimStart()) <= columns) add(cell);
    else for (const word of cell.match(/ *[^ ]+/g)!) add(word);
  }
  return [...lines, current].join("\n");
}

function widthOf(text: string): number {
  return unicodeWidth(text.replace(COLOURS, ""));
}
