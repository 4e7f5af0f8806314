/**
 * Tables of text for people.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";

/** A cell: its text, or its text with a colour. */
export type TableCell = string | { readonly text: string; readonly paint: (text: string) => string };

/**
 * Lays out rows in columns.
 *
 * @param rows The rows; missing cells are empty.
 * @param alignments One letter for each column: `l` for text, `r` for numbers.
 * @returns The lines, without spaces at their ends.
 */
export function layOutTable(rows: readonly (readonly TableCell[])[], alignments: string): string[] {
  const widths = [...alignments].map((_, column) =>
    Math.max(...rows.map((row) => unicodeWidth(textOf(row[column] ?? ""))))
  );
  return rows.map((row) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? "";
      const space = " ".repeat(width - unicodeWidth(textOf(cell)));
      const painted = typeof cell === "string" ? cell : cell.paint(cell.text);
      return alignments[column] === "r" ? space + painted : painted + space;
    });
    return `  ${cells.join("   ")}`.trimEnd();
  });
}

function textOf(cell: TableCell): string {
  return typeof cell === "string" ? cell : cell.text;
}
