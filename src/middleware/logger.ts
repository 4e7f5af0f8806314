/**
 * Logs attempts.
 *
 * @module
 */

import { isError, isTimeoutError, messageOf } from "../errors.ts";
import { contentLength } from "../http/body.ts";
import { assertKnownOptions } from "../http/option_hints.ts";
import { redactError } from "../http/redact_error.ts";
import { redactUrl } from "../http/url.ts";
import type { Middleware } from "../policies/middleware.ts";
import { assertOptions, shapeError } from "../primitives/argument_checks.ts";

/**
 * The severity of a record: `debug` for statuses below 400 and for aborted attempts, `warn` for statuses from 400, `error` for
 * attempts that threw or exceeded a timeout of the client.
 */
export type LogLevel = "debug" | "warn" | "error";

/** One attempt, up to the headers of its response. A record contains no header, no body, and no secret of the URL. */
export interface LogRecord {
  /** The severity. */
  readonly level: LogLevel;
  /** The method. */
  readonly method: string;
  /** The URL with secrets replaced, as errors show it. */
  readonly url: string;
  /** The number of the attempt among those of its request, from 1. */
  readonly attempt: number;
  /** The duration until the headers or the failure, in milliseconds. */
  readonly durationMs: number;
  /** The status; absent without a response. */
  readonly status?: number | undefined;
  /** The announced length of the body, in bytes; absent if the response announces none. */
  readonly bytes?: number | undefined;
  /** The name of the error; absent with a response. */
  readonly error?: string | undefined;
  /** The message of the error, without secrets of URLs; absent with a response. */
  readonly reason?: string | undefined;
  /** The whole record as one line. */
  readonly message: string;
}

/** A receiver of records: a function; or an object with a method for each level, such as the console, which receives the line. */
export type LogSink =
  | ((record: LogRecord) => unknown)
  | Readonly<Record<LogLevel, (line: string) => unknown>>;

/** Options of {@linkcode logger}. */
export interface LoggerOptions {
  /**
   * The lowest level that the sink receives.
   *
   * @default {"debug"}
   */
  readonly level?: LogLevel | undefined;
  /**
   * Whether to log each attempt, or each request on the wire, redirects included.
   *
   * @default {"attempt"}
   */
  readonly around?: "attempt" | "hop" | undefined;
}

const ACTION = "create logger";
const LEVELS: readonly LogLevel[] = ["debug", "warn", "error"];

/**
 * Reports each attempt to a sink, as soon as the attempt has failed or the headers of its response have arrived. The logger sees
 * the effect of the middleware after it in `use`. Put it first to log an attempt as a whole, and last to log each request that
 * the other middleware sends.
 *
 * A sink that throws or rejects has no effect on requests. Responses from the cache, and waits between attempts, are no attempts;
 * `client.on` reports them.
 *
 * @param sink The receiver of the records.
 * @param options Options.
 * @returns An entry for the `use` of a client.
 * @throws {TypeError} If the sink or an option has the wrong shape.
 *
 * @example What failed, and no secrets
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { logger } from "@slipstream/fetch/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * await using client = createClient({
 *   use: [logger(({ method, url, status }) => lines.push(`${method} ${url} ${status}`))], // or logger(console)
 *   fetch: () => Promise.resolve(Response.json(1)),
 * });
 * await client.json("https://api.example.com/a?token=secret");
 * assertEquals(lines, ["GET https://api.example.com/a?token=*** 200"]);
 * ```
 */
export function logger(sink: LogSink, options: LoggerOptions = {}): Middleware {
  const tell = toTeller(sink);
  assertOptions(ACTION, options);
  assertKnownOptions(ACTION, options, ["level", "around"]);
  const { level = "debug", around = "attempt" } = options;
  if (!LEVELS.includes(level)) throw shapeError(ACTION, "level", `one of ${LEVELS.join(", ")}`, level);
  if (around !== "attempt" && around !== "hop") {
    throw shapeError(ACTION, "around", "'attempt' or 'hop'", around);
  }
  const least = LEVELS.indexOf(level);
  const report = (record: LogRecord): void => {
    if (LEVELS.indexOf(record.level) >= least) tell(record);
  };

  const logged: Middleware = async (request, next, { attempt, clock }) => {
    const startedAtMs = clock.now();
    const about = () => ({
      method: request.method,
      url: redactUrl(request.url),
      attempt,
      durationMs: clock.now() - startedAtMs,
    });
    try {
      const response = await next(request);
      report(answered(about(), response));
      return response;
    } catch (error) {
      report(failed(about(), error, request));
      throw error;
    }
  };
  return Object.assign(logged, { around });
}

type About = Pick<LogRecord, "method" | "url" | "attempt" | "durationMs">;

function answered(about: About, { status, headers }: Response): LogRecord {
  const level = status >= 400 ? "warn" : "debug";
  const bytes = contentLength(headers);
  const length = bytes === undefined ? {} : { bytes };
  const size = bytes === undefined ? "" : `, ${bytes} bytes`;
  return { level, ...about, status, ...length, message: `${lineOf(about)}: ${status}${size}` };
}

function failed(about: About, error: unknown, { url, signal }: Request): LogRecord {
  // The client ends an attempt that exceeds a timeout by the same signal. Such an attempt has failed.
  const level = signal.aborted && !isTimeoutError(signal.reason) ? "debug" : "error";
  const shown = redactError(error, url);
  const name = isError(shown) ? shown.name : typeof shown;
  const reason = messageOf(shown);
  return { level, ...about, error: name, reason, message: `${lineOf(about)}: ${name}: ${reason}` };
}

function lineOf({ method, url, attempt, durationMs }: About): string {
  const which = attempt === 1 ? "" : `, attempt ${attempt}`;
  return `${method} ${url} in ${Math.round(durationMs)} ms${which}`;
}

/** Checks the sink, and returns a function that gives it a record and ignores its failures. */
function toTeller(sink: LogSink): (record: LogRecord) => void {
  const isConsole = typeof sink === "object" && sink !== null &&
    LEVELS.every((level) => typeof sink[level] === "function");
  if (typeof sink !== "function" && !isConsole) {
    throw shapeError(ACTION, "sink", `a function, or an object with the methods ${LEVELS.join(", ")}`, sink);
  }
  const give = typeof sink === "function" ? sink : (record: LogRecord) => sink[record.level](record.message);
  return (record) => {
    try {
      const told = give(record);
      // A sink that fails, now or later, must not affect the request.
      if (told instanceof Promise) told.catch(() => {});
    } catch {
      // The sink threw; see above.
    }
  };
}
