/**
 * The flags that shape the requests of `get`.
 *
 * @module
 */

import type { Terminal } from "../runtime/terminal/contract.ts";
import { type Flags, UsageError } from "./args.ts";
import { errorLine } from "./error_record.ts";
import { FORM, JSON_HEADERS, type RequestParts } from "./request_parts.ts";
import { optional, parseHeaders, parseMethod } from "./values.ts";

/** Flags for method, headers and body. */
export const REQUEST_FLAGS = {
  method: { kind: "value", short: "X", value: "METHOD", help: "GET, or POST with a body, by default" },
  header: { kind: "list", short: "H", value: "'Name: value'", help: "a header; may be repeated" },
  data: {
    kind: "value",
    short: "d",
    dash: true,
    value: "TEXT",
    help: "a body: text, @file, or @- for stdin",
  },
  json: { kind: "value", value: "JSON", help: "the same, sent as JSON" },
  user: { kind: "value", short: "u", value: "USER:PASS", help: "credentials (Basic)" },
  agent: { kind: "value", short: "A", value: "NAME", help: "the User-Agent" },
} as const;

/**
 * Reads what the flags say of every request.
 *
 * @param flags What was given.
 * @param terminal Where the body may be.
 * @param readsStdin Whether the URLs come from stdin, which then has no body.
 * @throws {UsageError} If a value is wrong.
 */
export async function requestFlagParts(
  flags: Flags<typeof REQUEST_FLAGS>,
  terminal: Terminal,
  readsStdin: boolean,
): Promise<RequestParts> {
  const { data, json, user, agent } = flags;
  if (data !== undefined && json !== undefined) {
    throw new UsageError("'--data' and '--json' exclude each other");
  }
  const source = data ?? json;
  const isStdin = source === "@-";
  if (isStdin && readsStdin) {
    throw new UsageError(`'--${data === undefined ? "json" : "data"} @-' and '-' both read stdin`);
  }
  const body = source === undefined
    ? undefined
    : await readBody(source, data === undefined ? "json" : "data", terminal);
  if (json !== undefined && typeof body === "string") checkJson(body);
  const headers = {
    ...(data === undefined ? {} : FORM),
    ...(json === undefined ? {} : JSON_HEADERS),
    ...(user === undefined ? {} : { authorization: basicAuthorization(user) }),
    ...(agent === undefined ? {} : parseHeaders("agent", [`user-agent: ${agent}`])),
    ...parseHeaders("header", flags.header),
  };
  const method = optional("method", flags.method, parseMethod);
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new UsageError(`'--method ${method}' can't have a body`);
  }
  return { method: method ?? (body === undefined ? undefined : "POST"), headers, body };
}

async function readBody(
  source: string,
  flag: string,
  terminal: Terminal,
): Promise<string | Uint8Array<ArrayBuffer>> {
  if (!source.startsWith("@")) return source;
  const path = source.slice(1);
  try {
    const chunks = await Array.fromAsync(path === "-" ? terminal.stdinBytes() : terminal.files.read(path));
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  } catch (cause) {
    throw new UsageError(`'--${flag}' must be a text, @file or @-: ${errorLine(cause)}`, { cause });
  }
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new UsageError("'--json' must be JSON, @file or @-", { cause });
  }
}

/** RFC 7617, in UTF-8. */
function basicAuthorization(user: string): string {
  // deno-lint-ignore no-control-regex -- RFC 7617 §2 forbids exactly these.
  if (!user.includes(":") || /[\0-\x1f\x7f]/.test(user)) {
    throw new UsageError("'--user' must be 'user:password'");
  }
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(user)))}`;
}
