import {
  type Client,
  type ClientEvent,
  type ClientOptions,
  createClient,
  type WarningEvent,
} from "../../mod.ts";
import type { CacheAdapter } from "../../src/http_cache/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { type Answer, FakeNetwork, type SentRequest } from "../client/fake_network.ts";
import { RecordingCache } from "./recording_cache.ts";
import { planOf, type PlanParts } from "./plan_of.ts";

/** The URL that tests request. */
export const URL_A = "https://a.test/a.json";
/** Another URL of the same origin. */
export const URL_B = "https://a.test/b.json";

/** A client with its clock, its network and its cache. */
export interface CacheRig {
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly client: Client;
  /** The adapter, unless the test has brought its own. */
  readonly cache: RecordingCache;
  /** All events of the client. */
  readonly events: ClientEvent[];
  readonly warnings: WarningEvent[];
}

/** The options of a rig's client, and those of its cache plan: by the rules of HTTP, unless the test says otherwise. */
export interface CacheRigOptions extends ClientOptions {
  readonly plan?: PlanParts;
  readonly manualClock?: ManualClock;
}

/**
 * Creates a client whose cache a test can inspect, before a network that answers by a script. No retries by default.
 */
export function cacheRig(answer: (request: SentRequest) => Answer, options: CacheRigOptions = {}): CacheRig {
  const { plan, manualClock: clock = new ManualClock(), ...clientOptions } = options;
  const network = new FakeNetwork(clock, answer);
  const cache = new RecordingCache();
  const client = createClient({
    // Normalize URLs as every runtime does in its responses.
    fetch: (input, init) => network.fetch(input instanceof Request ? input : new URL(input).href, init),
    clock,
    random: () => 0,
    maxRetries: 0,
    cache: planOf({ adapter: cache, mode: "http", ...plan }),
    ...clientOptions,
  });
  const events: ClientEvent[] = [];
  const warnings: WarningEvent[] = [];
  client.on((event) => {
    events.push(event);
    if (event.type === "warning") warnings.push(event);
  });
  return { clock, network, client, cache, events, warnings };
}

/** Answers with the URL's request count as the value; the headers set freshness and lifetime. */
export function counting(
  cacheControl: string,
  headers: Readonly<Record<string, string>> = {},
): (request: SentRequest) => Answer {
  return ({ nth }) => ({ json: { nth }, headers: { "cache-control": cacheControl, ...headers } });
}

/** Answers the same, but with an entity tag that never changes: a request with this tag is answered 304. */
export function tagged(cacheControl: string): (request: SentRequest) => Answer {
  return ({ nth, headers: sent }) => {
    const headers = { "cache-control": cacheControl, etag: '"v1"' };
    return sent.get("if-none-match") === '"v1"' ? { status: 304, headers } : { json: { nth }, headers };
  };
}

/** Lets background work run, without moving the clock. */
export async function turns(clock: ManualClock): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await clock.advance(0);
}

/** Creates an adapter with these members, which otherwise stores its entries in memory. */
export function adapterWith(members: Partial<CacheAdapter>, name = "test"): CacheAdapter {
  const inner = new RecordingCache();
  return {
    name,
    maxEntryBytes: 1_000_000,
    get: (key) => inner.get(key),
    set: (key, entry) => inner.set(key, entry),
    delete: (key) => inner.delete(key),
    ...members,
  };
}

/** A response that says that it comes from another URL, as after a redirect. */
export function from(url: string, response: Response): Response {
  return Object.defineProperties(response, { url: { value: url }, redirected: { value: true } });
}
