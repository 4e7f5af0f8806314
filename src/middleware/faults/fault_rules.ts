/**
 * Finds the fault that affects a request.
 *
 * @module
 */

import { toHeaderMap } from "../../http/headers.ts";
import { assertKnownOptions } from "../../http/option_hints.ts";
import {
  argumentError,
  assertNonNegative,
  assertPositiveInteger,
  isPromptFunction,
  shapeError,
} from "../../primitives/argument_checks.ts";
import type { CdnRequest } from "./cdn_request.ts";
import type { Fault, FaultKind, FaultMatch, FaultRule, StatusFault } from "./fault.ts";
import { latencySampler } from "./latency.ts";

/** The fields that a rule of each kind may have in addition to the common ones. An array lists the words that a field accepts. */
const DETAILS: Readonly<Record<FaultKind, Readonly<Record<string, readonly unknown[] | undefined>>>> = {
  status: { status: undefined, headers: undefined, body: undefined },
  retryAfter: { delayMs: undefined, status: undefined, form: ["seconds", "date"] },
  refuse: {},
  reset: {},
  cut: { afterBytes: undefined, framing: ["length", "chunked", "close"] },
  stall: { afterBytes: undefined, phase: ["headers", "body"] },
  wrongContent: { content: ["html", "json", "truncated", "empty"] },
  drip: { bytesPerSecond: undefined },
  slow: { latency: undefined },
};

/** The fields that any rule may have. */
const COMMON: readonly ("kind" | keyof FaultMatch)[] = [
  "kind",
  "match",
  "mirror",
  "nth",
  "probability",
  "afterRequests",
  "untilRequests",
  "fromMs",
  "untilMs",
  "times",
];

/** Fault rules, in order. */
export class FaultRules {
  /** Whether any rule needs the number of a request among those of its URL. */
  readonly needNth: boolean;
  /** Whether any rule draws random numbers. */
  readonly needRandom: boolean;
  readonly #rules: readonly FaultRule[];
  /** How often each rule has applied. */
  readonly #strikes: number[];

  /**
   * Creates a list of rules.
   *
   * @param mirrors The names of all mirrors; `undefined` where a mirror may have any name.
   * @param action The action for the error, as in "Cannot {action} as …".
   * @throws {TypeError | RangeError} If a rule has the wrong shape or is out of range.
   */
  constructor(rules: readonly FaultRule[], mirrors: readonly string[] | undefined, action: string) {
    if (!Array.isArray(rules)) throw shapeError(action, "faults", "an array", rules);
    rules.forEach((rule, index) => assertRule(rule, { action, name: `faults[${index}]` }, mirrors));
    this.#rules = rules;
    this.#strikes = rules.map(() => 0);
    this.needNth = rules.some((rule) => rule.nth !== undefined);
    this.needRandom = rules.some((rule) => rule.probability !== undefined || rule.kind === "slow");
  }

  /** Forgets how often each rule has applied. */
  reset(): void {
    this.#strikes.fill(0);
  }

  /**
   * Returns the fault of the first rule that matches.
   *
   * @param request The request.
   * @param mirrorRequests How many requests the mirror has seen, this one included.
   * @param random The source of random numbers. Each rule with a probability draws exactly one number, whether it matches or not,
   * so that one rule never changes the random numbers of another.
   */
  find(request: CdnRequest, mirrorRequests: number, random: () => number): Fault | undefined {
    let found: Fault | undefined;
    for (let index = 0; index < this.#rules.length; index++) {
      const rule = this.#rules[index]!;
      const isSpared = rule.probability !== undefined && random() >= rule.probability;
      if (found !== undefined || isSpared || this.#isSpent(rule, index)) continue;
      if (!isInWindow(rule, request, mirrorRequests) || !isMeant(rule, request)) continue;
      this.#strikes[index]! += 1;
      found = rule;
    }
    return found;
  }

  #isSpent(rule: FaultRule, index: number): boolean {
    return rule.times !== undefined && this.#strikes[index]! >= rule.times;
  }
}

function isInWindow(rule: FaultRule, request: CdnRequest, mirrorRequests: number): boolean {
  const { afterRequests = 0, untilRequests = Infinity, fromMs = 0, untilMs = Infinity } = rule;
  return mirrorRequests > afterRequests && mirrorRequests <= untilRequests &&
    request.atMs >= fromMs && request.atMs < untilMs;
}

function isMeant(rule: FaultRule, request: CdnRequest): boolean {
  const { mirror, nth, match } = rule;
  if (mirror !== undefined && mirror !== request.mirror) return false;
  if (typeof nth === "number" && nth !== request.nth) return false;
  if (typeof nth === "object" && !nth.includes(request.nth)) return false;
  if (match === undefined) return true;
  if (typeof match === "string") return match === request.url;
  // `search` ignores `lastIndex`, so that a pattern with the flag `g` or `y` matches the same way every time.
  return typeof match === "function" ? match(request) : request.url.search(match) !== -1;
}

/** How an error names the rule that it refuses. */
interface RuleName {
  readonly action: string;
  readonly name: string;
}

function assertRule(rule: FaultRule, ruleName: RuleName, mirrors: readonly string[] | undefined): void {
  const { action, name } = ruleName;
  if (typeof rule !== "object" || rule === null) throw shapeError(action, name, "an object", rule);
  if (!Object.hasOwn(DETAILS, rule.kind)) {
    throw shapeError(action, `${name}.kind`, `one of ${Object.keys(DETAILS).join(", ")}`, rule.kind);
  }
  assertDetails(rule, ruleName);
  assertMatch(rule, ruleName, mirrors);
  assertFault(rule, ruleName);
}

/**
 * Checks the names of fields and the accepted words. A misspelt condition would otherwise be ignored, and the fault would affect
 * every request.
 */
function assertDetails(rule: FaultRule, { action, name }: RuleName): void {
  const details = DETAILS[rule.kind];
  assertKnownOptions(action, rule, [...COMMON, ...Object.keys(details)], { prefix: `${name}.` });
  for (const [key, words] of Object.entries(details)) {
    const value = (rule as unknown as Readonly<Record<string, unknown>>)[key];
    if (value === undefined || words === undefined || words.includes(value)) continue;
    throw shapeError(action, `${name}.${key}`, `one of ${words.join(", ")}`, value);
  }
}

function assertMatch(
  rule: FaultRule,
  { action, name }: RuleName,
  mirrors: readonly string[] | undefined,
): void {
  const { match, mirror, nth, probability } = rule;
  if (
    match !== undefined && typeof match !== "string" && !isPromptFunction(match) &&
    !((match as unknown) instanceof RegExp)
  ) {
    // The promise of an async function is always true, so that every request would have the fault.
    const rule = "a string, a regular expression or a function, and not an async one";
    throw shapeError(action, `${name}.match`, rule, match);
  }
  if (mirror !== undefined && !(mirrors?.includes(mirror) ?? typeof mirror === "string")) {
    const rule = mirrors === undefined ? "a string" : `one of ${mirrors.join(", ")}`;
    throw shapeError(action, `${name}.mirror`, rule, mirror);
  }
  for (const value of typeof nth === "object" ? nth : nth === undefined ? [] : [nth]) {
    assertPositiveInteger(action, `${name}.nth`, value);
  }
  if (probability !== undefined && !(probability >= 0 && probability <= 1)) {
    throw argumentError(action, `${name}.probability`, "a number from 0 to 1", probability);
  }
  for (const key of ["afterRequests", "untilRequests", "fromMs", "untilMs", "times"] as const) {
    if (rule[key] !== undefined) assertNonNegative(action, `${name}.${key}`, rule[key]);
  }
}

function assertFault(fault: Fault, { action, name }: RuleName): void {
  if (fault.kind === "status" || fault.kind === "retryAfter") {
    const { status } = fault;
    if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
      throw argumentError(action, `${name}.status`, "an integer from 200 to 599", status);
    }
  }
  if (fault.kind === "status") assertStatusFault(fault, { action, name });
  if (fault.kind === "retryAfter") assertNonNegative(action, `${name}.delayMs`, fault.delayMs);
  if ((fault.kind === "cut" || fault.kind === "stall") && fault.afterBytes !== undefined) {
    assertNonNegative(action, `${name}.afterBytes`, fault.afterBytes);
  }
  if (fault.kind === "drip" && fault.bytesPerSecond !== undefined) {
    if (!(fault.bytesPerSecond > 0)) {
      throw argumentError(action, `${name}.bytesPerSecond`, "a positive number", fault.bytesPerSecond);
    }
  }
  if (fault.kind === "slow") latencySampler(fault.latency, action);
}

function assertStatusFault({ status, headers, body }: StatusFault, { action, name }: RuleName): void {
  if (status === undefined) {
    throw argumentError(action, `${name}.status`, "an integer from 200 to 599", status);
  }
  if (headers !== undefined) {
    if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
      throw shapeError(action, `${name}.headers`, "an object of names and values", headers);
    }
    toHeaderMap(headers, `the response of '${name}'`);
  }
  if (body !== undefined && typeof body !== "string") {
    throw shapeError(action, `${name}.body`, "a string", body);
  }
}
