/**
 * Finds and stores responses: in which slot of the adapter each one lies, and as which variant.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../cache/cache.ts";
import { REDIRECT_STATUSES } from "../http/redirect.ts";
import {
  extendIndex,
  matchesVary,
  readIndexEntry,
  selectedHeaders,
  toIndexEntry,
  type VariantIndex,
  variantKey,
} from "./rfc9111/vary.ts";
import { EntriesState } from "./entries_state.ts";
import { Generations } from "./generations.ts";
import type { GuardedAdapter } from "./guarded_adapter.ts";
import type { CachedRequest, CachedResponse, CacheRules } from "./rules.ts";

/** The most headers that tell the variants of a URL apart, unless one response alone names more. */
const MAX_NAMES = 32;

/** How the cache is going to store a response. */
export interface EntryPlan {
  readonly meta: CacheMeta;
  /** The index for the primary slot; absent if the URL has no variants. */
  readonly index: VariantIndex | undefined;
}

/** An entry on its way to the adapter, and the moment at which its request was sent. */
interface Storing {
  readonly entry: CacheEntry;
  readonly index: VariantIndex | undefined;
  readonly askedAt: number;
}

/** Finds and stores responses under the keys that the rules give. */
export class Entries {
  readonly #rules: CacheRules;
  readonly #store: GuardedAdapter;
  readonly #state: EntriesState;
  readonly #generations: Generations;

  /** Creates the entries of one client. Clients with the same adapter share the state. */
  constructor(rules: CacheRules, store: GuardedAdapter, state: EntriesState = new EntriesState()) {
    this.#rules = rules;
    this.#store = store;
    this.#state = state;
    this.#generations = new Generations(store, state);
  }

  /** Returns a new moment of the logical clock, for a request that goes to the network now. */
  nextMoment(): number {
    return this.#state.logicalClock.tick();
  }

  /** The latest moment of the logical clock. */
  get now(): number {
    return this.#state.logicalClock.now;
  }

  /** Returns the stored response that a request selects. A read that takes longer than `patienceMs` counts as a miss. */
  async find(request: CachedRequest, patienceMs?: number): Promise<CacheEntry | undefined> {
    // Without the generation, no stored response of the URL can be found.
    if (this.#isShared(request) && await this.#generations.read(request.url, patienceMs) === undefined) {
      return undefined;
    }
    const primary = this.#primaryKey(request);
    const found = await this.#select(primary, request, patienceMs);
    if (found === undefined) return undefined;
    const { via, status } = found.meta;
    if (request.refusesRedirects && (via !== undefined || REDIRECT_STATUSES.has(status))) return undefined;
    if (via === undefined) return found;
    return await this.#generations.hold(via, patienceMs) ? found : undefined;
  }

  async #select(
    primary: string,
    request: CachedRequest,
    patienceMs: number | undefined,
  ): Promise<CacheEntry | undefined> {
    const { indexes, logicalClock } = this.#state;
    const begunAt = logicalClock.now;
    const before = indexes.get(primary);
    const slot = await this.#store.get(primary, patienceMs);
    const index = slot === undefined ? undefined : readIndexEntry(slot);
    // A slow read must not drop an index that was planned or written meanwhile, nor restore one that a change has removed.
    const isLatest = indexes.get(primary) === before;
    if (index === undefined) {
      if (before?.isPlanned === false && isLatest) indexes.delete(primary);
      return slot;
    }
    if (isLatest && !this.#state.hasChanged(request.url, begunAt)) {
      indexes.set(primary, { index, removeAt: slot!.meta.removeAt, isPlanned: false });
    }
    const entry = await this.#store.get(variantKey(primary, index, request.sentHeaders), patienceMs);
    return entry !== undefined && matchesVary(entry.meta.vary, request.sentHeaders) ? entry : undefined;
  }

  /**
   * Plans where to store a response, and with which metadata.
   *
   * @param request The request.
   * @param response Its response.
   * @returns The plan; `undefined` if the cache may not store the response, or could never use it.
   */
  plan(request: CachedRequest, response: CachedResponse): EntryPlan | undefined {
    const names = this.#rules.varyNames(response);
    if (names === undefined) return undefined;
    const { key, vary, index } = this.#place(request, names);
    const meta = this.#rules.toMeta(response, request, { key, vary });
    return meta === undefined ? undefined : { meta, index };
  }

  /**
   * Binds a redirected response to the URLs of its redirects: a change of one of them then invalidates the response.
   *
   * @param plan The plan for the response.
   * @returns The plan with the generation of each of these URLs.
   */
  async bind({ meta, index }: EntryPlan): Promise<EntryPlan> {
    const { via = [] } = meta;
    return { meta: { ...meta, via: await this.#generations.bind(via, meta) }, index };
  }

  /** Stores a response as planned. `askedAt` is the moment of its request. */
  store(
    request: CachedRequest,
    { meta, index }: EntryPlan,
    { body, decoded }: Pick<CacheEntry, "body" | "decoded">,
    askedAt: number,
  ): Promise<void> {
    const entry = decoded === undefined ? { meta, body } : { meta, body, decoded };
    return this.#put(request, { entry, index, askedAt });
  }

  async #put(request: CachedRequest, { entry, index, askedAt }: Storing): Promise<void> {
    const { meta } = entry;
    const isShared = this.#isShared(request);
    const primary = this.#primaryKey(request);
    // A change has ended the generation of the plan, or another response has extended its index: no request could find this
    // entry.
    if (isShared && !meta.key.startsWith(primary)) return;
    if (index !== undefined && isExtended(index, this.#state.indexes.get(primary)?.index)) return;
    this.#state.askedAt.set(meta.key, askedAt);
    const kept = isShared ? this.#generations.keep(request.url, meta) : undefined;
    await this.#write(request, entry, index);
    await kept;
  }

  /** Stores a response again, with new metadata, after the server has confirmed it. `askedAt` is the moment of that request. */
  async refresh(request: CachedRequest, entry: CacheEntry, askedAt: number): Promise<void> {
    const { meta } = entry;
    const headers = new Headers(meta.headers as [string, string][]);
    const names = this.#rules.varyNames({ headers, redirects: [] });
    if (names === undefined) return await this.#store.delete(meta.key);
    const { key, vary, index } = this.#place(request, names);
    if (this.isOutdated(request, { key }, askedAt)) return;
    // Do not wait for the removal before the write: a change could come in between.
    const moved = key === meta.key ? undefined : this.#store.delete(meta.key);
    await this.#put(request, { entry: { ...entry, meta: { ...meta, key, vary } }, index, askedAt });
    await moved;
  }

  /** Removes a stored response. */
  async remove(entry: CacheEntry): Promise<void> {
    await this.#store.delete(entry.meta.key);
  }

  /** Removes the stored responses of a URL in all partitions and variants, and those of URLs that redirect to it. */
  async removeAll(url: string): Promise<void> {
    const primary = this.#rules.primaryKey({ url, partition: "", headers: {} });
    this.#state.indexes.delete(primary);
    this.#state.noteChange(url);
    await Promise.all([this.#store.delete(primary), this.#generations.end(url)]);
  }

  /**
   * Whether the cache must not store a response: the resource has changed since its request, or its slot holds the response to a
   * later request.
   *
   * @param request The request.
   * @param meta The key of its slot, and the redirects that led to it.
   * @param askedAt The moment of its request.
   */
  isOutdated(
    request: CachedRequest,
    meta: Pick<CacheMeta, "key" | "via">,
    askedAt: number,
  ): boolean {
    const { logicalClock, askedAt: others } = this.#state;
    if (logicalClock.now === askedAt) return false;
    return this.hasChanged(request, meta, askedAt) || (others.get(meta.key) ?? 0) > askedAt;
  }

  /** Whether a change after a moment has invalidated a stored response, by the request's URL or by one that redirects led to. */
  hasChanged({ url }: CachedRequest, { via = [] }: Pick<CacheMeta, "via">, since: number): boolean {
    return this.#state.hasChanged(url, since) || via.some(({ to }) => this.#state.hasChanged(to, since));
  }

  /** Removes the stored response that a request selects, if there is one, unless that response was requested after `askedAt`. */
  async removeSelected(request: CachedRequest, askedAt: number): Promise<void> {
    const primary = this.#primaryKey(request);
    const known = this.#state.indexes.get(primary);
    const key = known === undefined ? primary : variantKey(primary, known.index, request.sentHeaders);
    if (this.isOutdated(request, { key }, askedAt)) return;
    this.#state.askedAt.set(key, askedAt);
    await this.#store.delete(key);
  }

  /** Whether the URL may have entries in several partitions, which one change must reach. */
  #isShared({ partition }: CachedRequest): boolean {
    return partition !== "" && this.#rules.heedsChanges;
  }

  /** Returns the key of a request's primary slot. In a partition, the key contains the URL's latest generation. */
  #primaryKey(request: CachedRequest): string {
    if (!this.#isShared(request)) return this.#rules.primaryKey(request);
    const partition = `${this.#generations.plan(request.url)} ${request.partition}`;
    return this.#rules.primaryKey({ ...request, partition });
  }

  #place(request: CachedRequest, names: readonly string[]): {
    readonly key: string;
    readonly vary: CacheMeta["vary"];
    readonly index: VariantIndex | undefined;
  } {
    const primary = this.#primaryKey(request);
    // Read the index again: another response may have extended it meanwhile.
    const known = this.#state.indexes.get(primary);
    if (known === undefined && names.length === 0) return { key: primary, vary: [], index: undefined };
    // A random generation keeps the variants of a removed index out of reach, also for other processes.
    const extended = extendIndex(known?.index, names, () => crypto.randomUUID());
    // A server that names other headers each time must not make the index grow without end.
    const isNew = known === undefined || extended.names.length > MAX_NAMES;
    const index = isNew ? extendIndex(undefined, names, () => crypto.randomUUID()) : extended;
    // Remember the new index, so that a plan made before this one is written uses it too.
    if (isNew) this.#state.indexes.set(primary, { index, removeAt: 0, isPlanned: true });
    const { sentHeaders: headers } = request;
    return { key: variantKey(primary, index, headers), vary: selectedHeaders(index.names, headers), index };
  }

  async #write(request: CachedRequest, entry: CacheEntry, index: VariantIndex | undefined): Promise<void> {
    if (index === undefined) return await this.#store.set(entry);
    const primary = this.#primaryKey(request);
    const { url, storedAt } = entry.meta;
    // Keep the index for as long as its longest-lived variant, and write it again with each variant.
    const removeAt = latest(this.#state.indexes.get(primary)?.removeAt, entry.meta.removeAt);
    this.#state.indexes.set(primary, { index, removeAt, isPlanned: false });
    await Promise.all([
      this.#store.set(entry),
      this.#store.set(toIndexEntry({ ...index, key: primary, url, storedAtMs: storedAt, removeAt })),
    ]);
  }
}

/** Whether the latest index is the same one, with more names. */
function isExtended(index: VariantIndex, latest: VariantIndex | undefined): boolean {
  return latest?.generation === index.generation && latest.names.length > index.names.length;
}

/** Returns the later of two times; `null` means never. */
function latest(earlier: number | null | undefined, own: number | null): number | null {
  if (earlier === undefined) return own;
  return earlier === null || own === null ? null : Math.max(earlier, own);
}
