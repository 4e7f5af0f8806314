/**
 * The answers that may come from a cache.
 *
 * @module
 */

import { FRESH_MS, SWR_MS } from "../servers.ts";
import { familyOf } from "../families.ts";
import { urlOf } from "../addresses.ts";
import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

/** The time for which a resource of the kind "private" is fresh, in milliseconds. */
const PRIVATE_MS = 5_000;
/** The tolerance for ages: they are whole seconds, and a response ages on its way. */
const SECOND_MS = 1_000;

/** Creates the rules for caches: answers with `no-store` never come from the cache, and cached answers are not too old. */
export function cacheRules(stage: Stage): RuleGroup {
  const { cache } = stage.plan.client;
  const changes = new Map<string, Sent>();
  return {
    onSend({ caller, url }) {
      if (caller?.options.cache === "only-if-cached") stage.fail("cache", `${url} was sent, and must not be`);
    },
    onAnswer: (sent) => void noteChange(sent, changes),
    onEnding(caller) {
      if (cache?.mode === "http") checkChanges(stage, caller, changes);
      const { ending, target: { kind }, name, options } = caller;
      const { u } = (ending!.value ?? {}) as { readonly u?: string };
      if (!ending!.ok || (ending!.from !== "cache" && ending!.from !== "stale")) return;
      if (cache === undefined || familyOf(stage.plan.client, caller.client).isPlain) {
        return stage.fail("cache", `${name} was answered by a cache that is not there`);
      }
      if (options.cache === "reload" || options.cache === "no-store") {
        stage.fail("cache", `${name} was answered by the cache, and has asked for '${options.cache}'`);
      }
      if (options.readCache === false) {
        stage.fail("cache", `${name} was answered by the cache, and was not to read it`);
      }
      // A login page in place of the resource has no `no-store`, so the cache may store it.
      if (kind === "nostore" && u !== undefined) {
        stage.fail("cache", `${name} was answered with what must not be stored`);
      }
      checkAge(stage, caller);
    },
  };
}

/** Records the latest successful change of each URL. */
function noteChange(sent: Sent, changes: Map<string, Sent>): void {
  const { method, status, url } = sent;
  const isChange = (method === "PUT" || method === "POST") && status >= 200 && status < 300;
  if (isChange) changes.set(url, sent);
}

/** Checks that a request which begins after a change gets no older value. */
function checkChanges(
  stage: Stage,
  { ending, name, target, startedAtMs }: Caller,
  changes: Map<string, Sent>,
): void {
  if (!ending!.ok || target.origin === undefined || target.method !== undefined) return;
  const change = changes.get(urlOf(target));
  const { atMs } = (ending!.value ?? {}) as { readonly atMs?: number };
  if (change === undefined || atMs === undefined || startedAtMs <= change.answeredAtMs) return;
  if (atMs >= change.atMs) return;
  stage.fail("cache", `${name} has got what was there at ${atMs}, before #${change.index} has changed it`);
}

function checkAge(
  stage: Stage,
  { ending, options, name, target: { kind }, startedAtMs, batch }: Caller,
): void {
  const cache = stage.plan.client.cache!;
  const { from, value } = ending!;
  const { atMs } = (value ?? {}) as { readonly atMs?: number };
  if (atMs === undefined || stage.plan.client.plain?.offline || batch !== undefined) return;
  if (options.cache !== undefined && options.cache !== "default") return;
  const freshMs = cache.mode === "ttl" ? cache.ttlMs : FRESH[kind] ?? 0;
  const swrMs = cache.mode === "http" && kind === "swr" ? SWR_MS : cache.staleWhileRevalidateMs ?? 0;
  const staleMs = Math.max(swrMs, cache.staleIfErrorMs ?? 0);
  // A validated answer is as fresh as its validation, whose time its body does not contain.
  if (kind === "etag" && from === "cache") return;
  const mostMs = freshMs + (from === "stale" ? staleMs + (ending!.atMs - startedAtMs) : 0) + SECOND_MS;
  const ageMs = ending!.atMs - atMs;
  if (ageMs > mostMs + stage.slowestMs + stage.sleptMs + stage.setBackMs) {
    stage.fail("cache", `${name} was answered from the ${from} after ${ageMs} ms`);
  }
}

const FRESH: Readonly<Record<string, number>> = { fresh: FRESH_MS, swr: SECOND_MS, private: PRIVATE_MS };
