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

/** A URL to ask for. */
export const URL_A = "https://a.test/a.json";
/** Another one of the same origin. */
export const URL_B = "https://a.test/b.json";

/** What a test works with. */
export interface CacheRig {
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly client: Client;
  /** The adapter, unless the test has brought its own. */
  readonly cache: RecordingCache;
  /** Everything that the client reports. */
  readonly events: ClientEvent[];
  readonly warnings: WarningEvent[];
}

/** The client's options, and how it uses its cache: by the rules of HTTP, unless the test says otherwise. */
export interface CacheRigOptions extends ClientOptions {
  readonly plan?: PlanParts;
  readonly manualClock?: ManualClock;
}

/** A client with a cache that can be looked into, before a network that answers by a script. No retries by default. */
export function cacheRig(answer: (request: SentRequest) => Answer, options: CacheRigOptions = {}): CacheRig {
  const { plan, manualClock: clock = new ManualClock(), ...clientOptions } = options;
  const network = new FakeNetwork(clock, answer);
  const cache = new RecordingCache();
  const client = createClient({
    // As every runtime does, whose responses name the URL in its one spelling.
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

/** An answer of which the URL's count is the value: what is fresh, and for how long, the headers say. */
export function counting(
  cacheControl: string,
  headers: Readonly<Record<string, string>> = {},
): (request: SentRequest) => Answer {
  return ({ nth }) => ({ json: { nth }, headers: { "cache-control": cacheControl, ...headers } });
}

/** The same, but with an entity tag that never changes: who asks with it is answered 304. */
export function tagged(cacheControl: string): (request: SentRequest) => Answer {
  return ({ nth, headers: sent }) => {
    const headers = { "cache-control": cacheControl, etag: '"v1"' };
    return sent.get("if-none-match") === '"v1"' ? { status: 304, headers } : { json: { nth }, headers };
  };
}

/** Gives the background its time, without moving the clock. */
export async function turns(clock: ManualClock): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await clock.advance(0);
}

/** An adapter that does what the test says, and otherwise holds what it is given. */
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
