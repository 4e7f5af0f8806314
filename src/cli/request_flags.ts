/**
 * The flags that shape the requests of `get`.
 *
 * @module
 */

import { basicAuthorization } from "../http/basic_authorization.ts";
import type { Terminal } from "../runtime/terminal/contract.ts";
import { type Flags, UsageError } from "./args.ts";
import { errorLine } from "./error_record.ts";
import { FORM, JSON_HEADERS, type RequestParts } from "./request_parts.ts";
import { checkJson, optional, parseHeaders, parseHeaderValue, parseMethod } from "./values.ts";

/** Flags for method, headers and body. */
export const REQUEST_FLAGS = {
  method: { kind: "value", short: "X", value: "METHOD", help: "GET, or POST with a body, by default" },
  header: { kind: "list", short: "H", value: "'Name: value'", help: "a header; may be repeated" },
  data: {
    kind: "list",
    short: "d",
    dash: true,
    empty: true,
    value: "TEXT",
    help: "a body: text, @file, or @- for stdin; several are joined by &",
  },
  json: { kind: "value", value: "JSON", help: "the same, sent as JSON" },
  user: { kind: "value", short: "u", value: "USER:PASS", help: "credentials (Basic)" },
  agent: { kind: "value", short: "A", value: "NAME", help: "the User-Agent" },
} as const;

type Body = string | Blob;

/**
 * Reads the method, headers and body that the flags give to every request.
 *
 * @param flags The values of the flags.
 * @param terminal The terminal, whose files or stdin may hold the body.
 * @param readsStdin Whether the URLs come from stdin, which then can't hold a body.
 * @throws {UsageError} If a value is wrong.
 */
export async function requestFlagParts(
  flags: Flags<typeof REQUEST_FLAGS>,
  terminal: Terminal,
  readsStdin: boolean,
): Promise<RequestParts> {
  const { data, json, user, agent } = flags;
  const body = await readBody(flags, terminal, readsStdin);
  const headers = {
    ...(data.length === 0 ? {} : FORM),
    ...(json === undefined ? {} : JSON_HEADERS),
    ...(user === undefined ? {} : { authorization: authorizationOf(user) }),
    ...(agent === undefined ? {} : { "user-agent": parseHeaderValue("agent", agent) }),
    ...parseHeaders("header", flags.header),
  };
  const method = optional("method", flags.method, parseMethod);
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new UsageError(`'--method ${method}' can't have a body`);
  }
  return { method: method ?? (body === undefined ? undefined : "POST"), headers, body };
}

async function readBody(
  { data, json }: Flags<typeof REQUEST_FLAGS>,
  terminal: Terminal,
  readsStdin: boolean,
): Promise<Body | undefined> {
  if (data.length > 0 && json !== undefined) {
    throw new UsageError("'--data' and '--json' exclude each other");
  }
  const flag = json === undefined ? "data" : "json";
  const sources = json === undefined ? data : [json];
  const readers = sources.filter((source) => source === "@-").length;
  if (readers > 0 && readsStdin) throw new UsageError(`'--${flag} @-' and '-' both read stdin`);
  if (readers > 1) throw new UsageError(`'--${flag} @-' may be given once, as stdin can be read once`);
  const parts: Body[] = [];
  for (const source of sources) parts.push(await readSource(source, flag, terminal));
  const [first] = parts;
  if (json !== undefined && !json.startsWith("@")) checkJson("json", json, "JSON, @file or @-");
  return parts.length < 2 ? first : new Blob(parts.flatMap((part) => ["&", part]).slice(1));
}

async function readSource(source: string, flag: string, terminal: Terminal): Promise<Body> {
  if (!source.startsWith("@")) return source;
  const path = source.slice(1);
  try {
    const chunks: Blob[] = [];
    // A blob for each chunk: a file may be large, and a blob made of blobs need not copy them.
    for await (const chunk of path === "-" ? terminal.stdinBytes() : terminal.files.read(path)) {
      chunks.push(new Blob([chunk]));
    }
    // Deno does not tell the length of an empty blob.
    return chunks.length === 0 ? "" : new Blob(chunks);
  } catch (cause) {
    throw new UsageError(`'--${flag}' must be a text, @file or @-: ${errorLine(cause)}`, { cause });
  }
}

/** Returns the `authorization` header of a user. */
function authorizationOf(user: string): string {
  // deno-lint-ignore no-control-regex -- RFC 7617 §2 forbids exactly these.
  if (!user.includes(":") || /[\0-\x1f\x7f]/.test(user)) {
    throw new UsageError("'--user' must be 'user:password'");
  }
  return basicAuthorization(user);
}
