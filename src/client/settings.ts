/**
 * What holds for a request: the client's options, under those of the batch, under its own.
 *
 * @module
 */

import type { Settings } from "../policies/call.ts";
import { checkRequestOptions } from "./option_checks.ts";
import type { ClientOptions } from "./options.ts";
import type { RequestOptions } from "./request.ts";

/** The settings that a client's options come to. */
export function clientSettings(options: ClientOptions): Settings {
  const { timeoutMs = 30_000, totalTimeoutMs = Infinity, maxRetries = 3, maxBodyBytes = Infinity } = options;
  return {
    as: "json",
    schema: undefined,
    validate: options.validate ?? true,
    timeoutMs,
    totalTimeoutMs,
    maxRetries,
    maxBodyBytes,
    cache: "default",
    readCache: true,
    writeCache: true,
    priority: 0,
    notFoundIsFinal: options.notFoundIsFinal ?? true,
    idempotent: undefined,
  };
}

/**
 * Lays options over settings.
 *
 * @param settings What holds so far.
 * @param options What a request or a batch says.
 * @returns The settings themselves when the options change nothing.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function withOptions(settings: Settings, options: RequestOptions | undefined): Settings {
  if (options === undefined) return settings;
  checkRequestOptions(options);
  const { timeoutMs, totalTimeoutMs, maxRetries, maxBodyBytes, readCache, writeCache, priority } = options;
  return {
    as: options.as ?? settings.as,
    schema: options.schema ?? settings.schema,
    validate: options.validate ?? settings.validate,
    timeoutMs: timeoutMs ?? settings.timeoutMs,
    totalTimeoutMs: totalTimeoutMs ?? settings.totalTimeoutMs,
    maxRetries: maxRetries ?? settings.maxRetries,
    maxBodyBytes: maxBodyBytes ?? settings.maxBodyBytes,
    cache: options.cache ?? settings.cache,
    readCache: readCache ?? settings.readCache,
    writeCache: writeCache ?? settings.writeCache,
    priority: priority ?? settings.priority,
    notFoundIsFinal: options.notFoundIsFinal ?? settings.notFoundIsFinal,
    idempotent: options.idempotent ?? settings.idempotent,
  };
}
