import { requestDirectives } from "../../src/http_cache/rfc9111/cache_control.ts";
import { Entries } from "../../src/http_cache/entries.ts";
import { GuardedAdapter } from "../../src/http_cache/guarded_adapter.ts";
import { HttpRules } from "../../src/http_cache/http_rules.ts";
import type { CachedRequest, CachedResponse } from "../../src/http_cache/rules.ts";
import { Serving } from "../../src/http_cache/serving.ts";
import type { CacheContext } from "../../src/policies/cache_plan.ts";
import type { Call } from "../../src/policies/call.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import type { Environment, Handler } from "../../src/policies/policy.ts";
import type { Settings } from "../../src/policies/settings.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall, fakeTarget } from "../policies/fake_call.ts";
import { RecordingCache } from "./recording_cache.ts";

/** The URL of the parts. */
export const PARTS_URL = "https://a.test/x";

/** The parts of the cache, without a client. */
export interface Parts {
  readonly clock: ManualClock;
  readonly cache: RecordingCache;
  readonly events: ClientEvent[];
  readonly environment: Environment;
  readonly context: CacheContext;
  readonly rules: HttpRules;
  readonly entries: Entries;
  readonly serving: Serving;
  /** The work that was handed to the background. */
  readonly background: Promise<unknown>[];
  /** Calls that were started in the background, and their handlers. */
  readonly started: { readonly original: Call; readonly handler: Handler }[];
  readonly startInBackground: (original: Call, handler: Handler) => void;
}

/** Puts the parts together, by the rules of HTTP. */
export function partsWith({ isOffline = false }: { readonly isOffline?: boolean } = {}): Parts {
  const cache = new RecordingCache();
  const clock = new ManualClock();
  const events: ClientEvent[] = [];
  const background: Promise<unknown>[] = [];
  const started: { readonly original: Call; readonly handler: Handler }[] = [];
  const environment = {
    clock,
    deadlines: new DeadlineQueue(clock),
    runtime: { showsRedirects: true },
    counters: { retried: 0, fresh: 0, stale: 0, shared: 0, bytes: 0 },
    reporter: { active: true, emit: (event: ClientEvent) => void events.push(event) },
    inBackground: (work: Promise<unknown>) => void background.push(work),
  } as unknown as Environment;
  const startInBackground = (original: Call, handler: Handler): void =>
    void started.push({ original, handler });
  const rules = new HttpRules({ ttlMs: undefined, negative: {}, onError: () => {} }, {});
  const entries = new Entries(rules, new GuardedAdapter(environment, cache));
  const serving = new Serving(environment, rules, entries, isOffline);
  const context = { offline: isOffline, headers: {}, sensitive: new Set<string>(), mirrors: [] };
  return {
    clock,
    cache,
    events,
    environment,
    context,
    rules,
    entries,
    serving,
    background,
    started,
    startInBackground,
  };
}

/** A GET of {@linkcode PARTS_URL}. */
export function requestOf(headers: Record<string, string> = {}, partition = ""): CachedRequest {
  return {
    url: PARTS_URL,
    headers,
    sentHeaders: headers,
    partition,
    directives: requestDirectives(headers),
    refusesRedirects: false,
  };
}

/** A 200 that has just arrived. */
export function responseOf({ clock }: Parts, headers: HeadersInit): CachedResponse {
  const nowMs = clock.wallNow();
  return {
    url: PARTS_URL,
    status: 200,
    headers: new Headers(headers),
    redirects: [],
    requestedAtMs: nowMs,
    storedAtMs: nowMs,
  };
}

/** The parts of a call that a test sets. */
export interface CallParts {
  readonly settings?: Partial<Settings>;
  readonly headers?: Record<string, string>;
  readonly streams?: boolean;
  readonly isBackground?: boolean;
}

/** Creates a call for {@linkcode PARTS_URL}. */
export function callWith(
  { settings, headers = {}, streams = false, isBackground = false }: CallParts = {},
): Call {
  const call = fakeCall({ settings, streams, isBackground, request: { url: PARTS_URL, headers } });
  call.id = 7;
  call.journey.target = fakeTarget({ url: PARTS_URL });
  return call;
}
