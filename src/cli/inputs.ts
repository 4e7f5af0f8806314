/**
 * What to fetch: URLs from the arguments, from files and from the standard input, read as they are asked for.
 *
 * @module
 */

import type { Terminal } from "../runtime/terminal/contract.ts";
import { shownUrl } from "../http/url.ts";
import { UsageError } from "./args.ts";

/** A URL that can be fetched. */
export interface Input {
  readonly ok: true;
  /** As it was given. */
  readonly text: string;
  readonly url: URL;
  /** Where it was given: `urls.txt:7`, `-:3`, `argument 2`. */
  readonly where: string;
}

/** A URL, or a source of URLs, that can't be used. */
export interface BadInput {
  readonly ok: false;
  readonly text: string;
  readonly where: string;
  /** What is wrong. */
  readonly error: Error;
}

/**
 * Checks what can be checked before anything is fetched.
 *
 * @param operands URLs, `-` and `@file`.
 * @param terminal Where the files are.
 * @throws {UsageError} If there is nothing to fetch, or a file is missing.
 */
export async function checkOperands(operands: readonly string[], terminal: Terminal): Promise<void> {
  if (operands.length === 0) throw new UsageError("Nothing to fetch: give URLs, '-' or '@file'");
  for (const operand of operands.filter(isFile)) {
    const path = operand.slice(1);
    const kind = path === "" ? undefined : await terminal.files.kind(path);
    if (kind === undefined) throw new UsageError(`Cannot read '${operand}' as there is no such file`);
    if (kind === "folder") throw new UsageError(`Cannot read '${operand}' as it is a folder`);
  }
}

/** Whether exactly one URL is asked for, given as such. */
export function isSingleUrl(operands: readonly string[]): boolean {
  return operands.length === 1 && operands.every((operand) => operand !== "-" && !isFile(operand));
}

/** How many there are, when that is known before they are read. */
export function knownTotal(operands: readonly string[]): number | undefined {
  return operands.some((operand) => operand === "-" || isFile(operand)) ? undefined : operands.length;
}

/**
 * Reads the inputs one by one, in order. Blank lines and lines that begin with `#` are skipped.
 *
 * @param operands URLs, `-` for the standard input, `@file` for a file; both with one URL a line.
 * @param terminal Where they are read.
 * @param signal Ends the inputs early, without an error.
 * @returns The inputs; what is wrong with one does not end the others.
 */
export async function* readInputs(
  operands: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): AsyncIterableIterator<Input | BadInput> {
  for (const [index, operand] of operands.entries()) {
    if (signal.aborted) return;
    if (operand === "-") yield* readList(terminal.stdinLines(signal), "-");
    else if (isFile(operand)) {
      yield* readList(terminal.files.lines(operand.slice(1), signal), operand.slice(1));
    } else yield toInput(operand, `argument ${index + 1}`);
  }
}

async function* readList(
  lines: AsyncIterable<string>,
  name: string,
): AsyncIterableIterator<Input | BadInput> {
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      const text = line.trim();
      if (text !== "" && !text.startsWith("#")) yield toInput(text, `${name}:${number}`);
    }
  } catch (cause) {
    // What was read so far is fetched; that there is more is reported like any other failure.
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new Error(`Cannot read on: ${reason}`, { cause });
    yield { ok: false, text: name, where: `${name}:${number + 1}`, error };
  }
}

function toInput(text: string, where: string): Input | BadInput {
  const url = URL.parse(text);
  if (url === null) return badInput(text, where, "must be absolute and well-formed");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return badInput(text, where, "must be http or https");
  }
  return { ok: true, text, url, where };
}

function badInput(text: string, where: string, rule: string): BadInput {
  return {
    ok: false,
    text,
    where,
    error: new TypeError(`Cannot fetch as the URL ${rule}: received '${shownUrl(text)}'`),
  };
}

function isFile(operand: string): boolean {
  return operand.startsWith("@");
}
