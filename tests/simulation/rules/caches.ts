/**
 * What a cache may answer with.
 *
 * @module
 */

import { FRESH_MS, SWR_MS } from "../servers.ts";
import { familyOf } from "../families.ts";
import { urlOf } from "../addresses.ts";
import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

/** How long "private" is fresh, as its server says, in milliseconds. */
const PRIVATE_MS = 5_000;
/** Ages are whole seconds, and a response is as old as its way was long. */
const SECOND_MS = 1_000;

/** What must not be stored never comes from the cache, and what does is not too old. */
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
      // A page that comes in its place says nothing of storing.
      if (kind === "nostore" && u !== undefined) {
        stage.fail("cache", `${name} was answered with what must not be stored`);
      }
      checkAge(stage, caller);
    },
  };
}

/** When a server has changed something, and says so. */
function noteChange(sent: Sent, changes: Map<string, Sent>): void {
  const { method, status, url } = sent;
  const isChange = (method === "PUT" || method === "POST") && status >= 200 && status < 300;
  if (isChange) changes.set(url, sent);
}

/** Whoever asks after a change gets nothing that is older. */
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
  // A validated answer is as fresh as its validation, which its body does not say.
  if (kind === "etag" && from === "cache") return;
  const mostMs = freshMs + (from === "stale" ? staleMs + (ending!.atMs - startedAtMs) : 0) + SECOND_MS;
  const ageMs = ending!.atMs - atMs;
  if (ageMs > mostMs + stage.slowestMs + stage.sleptMs + stage.setBackMs) {
    stage.fail("cache", `${name} was answered from the ${from} after ${ageMs} ms`);
  }
}

const FRESH: Readonly<Record<string, number>> = { fresh: FRESH_MS, swr: SECOND_MS, private: PRIVATE_MS };
