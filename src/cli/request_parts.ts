/**
 * The parts of a request besides its URL, as an input sets them: method, headers, body, and the path of its file.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { closestWord } from "./closest_word.ts";
import { checkJson, parseHeaders, parseMethod } from "./values.ts";

/** The parts of a request that its input sets itself. */
export interface RequestParts {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Blob | undefined;
  /** The path of its file below the folder of `--out`. */
  readonly out?: string | undefined;
}

/** An option line, also one with a misspelt name: without the line, another request would be sent. */
const OPTION = /^\s+([a-z][a-z-]* *)=(.*)$/i;
/** The parts of a request that is nothing but a URL, as most are. */
const NO_PARTS: RequestParts = { out: undefined };
const MEMBERS = ["url", "method", "headers", "body", "json", "out"];
const OPTIONS = ["method", "header", "data", "json", "out"];

/** Returns whether a line is an option of the request in the line above it. */
export function isOptionLine(line: string): boolean {
  return OPTION.test(line);
}

/**
 * Parses the option lines below a URL, such as `  header=X-Key: 1`, `  method=PUT`, `  data=a=1`, `  json={"a":1}` and
 * `  out=a/b.json`.
 *
 * @param lines The lines.
 * @throws {TypeError} If a line is something else.
 */
export function partsOfLines(lines: readonly string[]): RequestParts {
  if (lines.length === 0) return NO_PARTS;
  const headers: string[] = [];
  const given = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = OPTION.exec(line) ?? [];
    if (!OPTIONS.includes(name)) throw unknown("a line below a URL", name, OPTIONS);
    if (name === "header") headers.push(value.trim());
    else if (given.has(name)) throw new TypeError(`Cannot fetch as '${name}' comes twice`);
    else given.set(name, name === "data" || name === "json" ? value : value.trim());
  }
  const json = given.get("json");
  const data = given.get("data");
  if (json !== undefined && data !== undefined) {
    throw new TypeError("Cannot fetch as 'data' and 'json' exclude each other");
  }
  if (json !== undefined) rethrown(() => checkJson("json", json));
  return {
    ...methodOf(given.get("method")),
    ...bodyOf(json ?? data, json === undefined ? FORM : JSON_HEADERS, headersOf("header", headers)),
    out: given.get("out"),
  };
}

/** The header of a request with a text body, unless its input gives another type. */
export const FORM: Readonly<Record<string, string>> = { "content-type": "application/x-www-form-urlencoded" };
/** The headers of a request with a JSON body, unless its input gives others. */
export const JSON_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  accept: "application/json",
};

/**
 * Parses a line of JSON: a request `{"url": …, "method": …, "headers": {…}, "json": …, "body": …, "out": …}`, or a string with
 * the URL alone. The value of `json` is sent as JSON, and so is a `body` that is no string.
 *
 * @param line The line.
 * @returns The URL as the user has written it, and the other parts.
 * @throws {TypeError} If the line is something else.
 */
export function partsOfJson(line: string): RequestParts & { readonly url: string } {
  let spec: unknown;
  try {
    spec = JSON.parse(line);
  } catch {
    // The parser's own message would quote the line, which may hold a secret.
    throw new TypeError("Cannot fetch as the line must be a URL or a JSON object: received broken JSON");
  }
  if (typeof spec === "string") return { url: spec };
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw new TypeError(
      `Cannot fetch as the line must be a URL or a JSON object: received ${describeKind(spec)}`,
    );
  }
  for (const name of Object.keys(spec)) {
    if (!MEMBERS.includes(name)) throw unknown("a request", name, MEMBERS);
  }
  const { url, method, headers = {}, json, body, out } = spec as Readonly<Record<string, unknown>>;
  if (json !== undefined && body !== undefined) {
    throw new TypeError("Cannot fetch as 'json' and 'body' exclude each other");
  }
  const isText = json === undefined && (typeof body === "string" || body === undefined);
  return {
    url: text("url", url) ?? "",
    ...methodOf(text("method", method)),
    ...bodyOf(
      isText ? body : JSON.stringify(json === undefined ? body : json),
      isText ? FORM : JSON_HEADERS,
      headersOf("headers", headerLines(headers)),
    ),
    out: text("out", out),
  };
}

function headerLines(headers: unknown): string[] {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw new TypeError(`Cannot fetch as 'headers' must be an object: received ${describeKind(headers)}`);
  }
  return Object.entries(headers).map(([name, value]) => `${name}: ${text(`headers.${name}`, value) ?? ""}`);
}

function headersOf(name: string, lines: readonly string[]): Readonly<Record<string, string>> {
  return rethrown(() => parseHeaders(name, lines));
}

function methodOf(method: string | undefined): Pick<RequestParts, "method"> {
  return method === undefined ? {} : { method: rethrown(() => parseMethod("method", method)) };
}

/** Applies the parser of a flag to an input, and rewords its error: only the input fails, and not the whole run. */
function rethrown<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace("'--", "'") : String(cause);
    throw new TypeError(`Cannot fetch as ${reason}`, { cause });
  }
}

function bodyOf(
  body: string | undefined,
  type: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): Pick<RequestParts, "headers" | "body"> {
  if (body !== undefined) return { headers: { ...type, ...headers }, body };
  return Object.keys(headers).length === 0 ? {} : { headers };
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw new TypeError(`Cannot fetch as '${name}' must be a text: received ${typeof value}`);
}

function unknown(what: string, name: string, known: readonly string[]): TypeError {
  const meant = closestWord(name.trim().toLowerCase(), known);
  const hint = meant === undefined ? known.join(", ") : `did you mean '${meant}'?`;
  return new TypeError(`Cannot fetch as '${name}' is unknown in ${what}: ${hint}`);
}
