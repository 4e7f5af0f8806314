/**
 * The settings of a request: one table with the default and the rule of each. Their types and meanings are in
 * `policies/settings.ts`. The compiler makes sure that a setting that is added there is added here too; no other place has to
 * change.
 *
 * @module
 */

import type { PartialSettings, Settings } from "../policies/settings.ts";
import { isPromptFunction } from "../primitives/argument_checks.ts";
import {
  arrayOf,
  callable,
  count,
  errorStatus,
  flag,
  isFalse,
  isStandardSchema,
  number,
  oneOf,
  positiveMs,
  type Rule,
  rule,
  unless,
} from "./option_rules.ts";

/** The default of a setting, and the rules for it. */
interface SettingRule<T> {
  readonly default: T;
  /** The rule for its values. */
  readonly rule: Rule;
  /** Whether it is an option of clients too, for all of their requests. */
  readonly isClientWide?: true | undefined;
}

/** All settings of a request. */
export const SETTINGS: { readonly [K in keyof Settings]: SettingRule<Settings[K]> } = {
  as: {
    default: "json",
    rule: oneOf("json", "text", "bytes"),
  },
  schema: {
    default: undefined,
    rule: rule("must be a Standard Schema", isStandardSchema),
  },
  validate: { default: true, rule: flag, isClientWide: true },
  timeoutMs: { default: 30_000, rule: positiveMs, isClientWide: true },
  idleTimeoutMs: { default: undefined, rule: positiveMs, isClientWide: true },
  totalTimeoutMs: { default: Infinity, rule: positiveMs, isClientWide: true },
  maxRetries: { default: undefined, rule: count, isClientWide: true },
  retryOn: {
    default: undefined,
    rule: unless(
      isPromptFunction,
      arrayOf(
        errorStatus,
        "must be an array of statuses from 400 to 599, or a function, and not an async one",
      ),
    ),
    isClientWide: true,
  },
  maxBodyBytes: {
    default: Infinity,
    rule: number("a positive number of bytes, or Infinity", (value) => value > 0),
    isClientWide: true,
  },
  onProgress: { default: undefined, rule: callable },
  cache: {
    default: "default",
    rule: oneOf("default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"),
  },
  readCache: { default: true, rule: flag },
  writeCache: { default: true, rule: flag },
  priority: { default: 0, rule: number("a number", () => true) },
  notFoundIsFinal: { default: true, rule: flag, isClientWide: true },
  idempotent: { default: undefined, rule: flag },
  hedge: {
    default: undefined,
    rule: rule("must be false: 'hedge' of createClient() says when requests are hedged", isFalse),
  },
  onOpen: {
    default: undefined,
    rule: oneOf("fail", "wait"),
  },
  patienceMs: {
    default: undefined,
    rule: number("a number of milliseconds of at least 0, or Infinity", (value) => value >= 0),
  },
};

const NAMES = Object.keys(SETTINGS) as (keyof Settings)[];

/** The names of the settings that are options of clients too. */
export const CLIENT_WIDE: readonly (keyof Settings)[] = NAMES.filter((name) => SETTINGS[name].isClientWide);

/** Makes the settings of a client's requests from its options and the defaults. */
export function clientSettings(options: PartialSettings): Settings {
  const settings = NAMES.map((name) => [name, options[name] ?? SETTINGS[name].default]);
  return Object.fromEntries(settings) as unknown as Settings;
}

/**
 * Lays options over settings.
 *
 * @param settings The settings so far.
 * @param options The options of a batch or a request; checked.
 * @param as How to decode bodies, whatever the options say; `undefined` if the options decide.
 * @returns The new settings; the same object if the options change nothing.
 */
export function withOptions(
  settings: Settings,
  options: PartialSettings,
  as?: Settings["as"],
): Settings {
  let changed: Record<string, unknown> | undefined;
  for (const name of NAMES) {
    const value = name === "as" && as !== undefined ? as : options[name];
    if (value === undefined || value === settings[name]) continue;
    changed ??= { ...settings };
    changed[name] = value;
  }
  return changed === undefined ? settings : changed as unknown as Settings;
}
