/**
 * Where responses lie, and in which of their variants.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../cache/cache.ts";
import {
  extendIndex,
  matchesVary,
  readIndexEntry,
  selectedHeaders,
  toIndexEntry,
  type VariantIndex,
  variantKey,
} from "./rfc9111/vary.ts";
import { REDIRECT_STATUSES } from "../http/redirect.ts";
import { withoutFragment } from "../http/url.ts";
import { EntriesState } from "./entries_state.ts";
import { Generations } from "./generations.ts";
import type { GuardedAdapter } from "./guarded_adapter.ts";
import type { CachedRequest, CachedResponse, CacheRules } from "./rules.ts";

/** Variants are told apart by so many headers, unless one response alone names more. */
const MAX_NAMES = 32;

/** How a response is going to be stored. */
export interface EntryPlan {
  readonly meta: CacheMeta;
  /** What its primary slot is to remember, if there are variants. */
  readonly index: VariantIndex | undefined;
}

/** An entry on its way, and the moment at which it was asked for. */
interface Storing {
  readonly entry: CacheEntry;
  readonly index: VariantIndex | undefined;
  readonly askedAt: number;
}

/** Finds and places responses by the keys that the rules give. */
export class Entries {
  readonly #rules: CacheRules;
  readonly #store: GuardedAdapter;
  readonly #state: EntriesState;
  readonly #generations: Generations;

  /** Takes the rules, and where entries are kept; clients that keep theirs together share the state. */
  constructor(rules: CacheRules, store: GuardedAdapter, state: EntriesState = new EntriesState()) {
    this.#rules = rules;
    this.#store = store;
    this.#state = state;
    this.#generations = new Generations(store, state);
  }

  /** A moment of its own, to be kept by the request that goes to the network now. */
  nextMoment(): number {
    return ++this.#state.moment;
  }

  /** The stored response that a request selects, if it is found in the time that the caller has for each read. */
  async find(request: CachedRequest, patienceMs?: number): Promise<CacheEntry | undefined> {
    // Without it nothing that was stored can be found.
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
    const { indexes, moment } = this.#state;
    const before = indexes.get(primary);
    const slot = await this.#store.get(primary, patienceMs);
    const index = slot === undefined ? undefined : readIndexEntry(slot);
    // A slow read must not take away what was planned or written meanwhile, nor bring back the index that a change has removed.
    const isLatest = indexes.get(primary) === before;
    if (index === undefined) {
      if (before?.isPlanned === false && isLatest) indexes.delete(primary);
      return slot;
    }
    if (isLatest && !this.#state.hasChanged(request.url, moment)) {
      indexes.set(primary, { index, removeAt: slot!.meta.removeAt, isPlanned: false });
    }
    const entry = await this.#store.get(variantKey(primary, index, request.sentHeaders), patienceMs);
    return entry !== undefined && matchesVary(entry.meta.vary, request.sentHeaders) ? entry : undefined;
  }

  /**
   * Where a response would lie, and with what beside it.
   *
   * @param request What was asked for.
   * @param response What came.
   * @returns The plan; `undefined` if the response may not be stored, or is of no use.
   */
  plan(request: CachedRequest, response: CachedResponse): EntryPlan | undefined {
    const names = this.#rules.varyNames(response);
    if (names === undefined) return undefined;
    const { key, vary, index } = this.#place(request, names);
    const meta = this.#rules.toMeta(response, request, { key, vary });
    return meta === undefined ? undefined : { meta, index };
  }

  /**
   * Makes a response that redirects have led to depend on where they have led, so that a change there is felt.
   *
   * @param plan How it is going to be stored.
   * @returns The same, with what is stored of a change there.
   */
  async bind({ meta, index }: EntryPlan): Promise<EntryPlan> {
    const { via = [] } = meta;
    return { meta: { ...meta, via: await this.#generations.bind(via, meta) }, index };
  }

  /** Stores a response as planned, that was asked for at a moment. */
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
    // It was planned under a generation that has ended meanwhile, or under an index to which others have added since: it could not be
    // found.
    if (isShared && !meta.key.startsWith(primary)) return;
    if (index !== undefined && isExtended(index, this.#state.indexes.get(primary)?.index)) return;
    this.#state.askedAt.set(meta.key, askedAt);
    const kept = isShared ? this.#generations.keep(request.url, meta) : undefined;
    await this.#write(request, entry, index);
    await kept;
  }

  /** Stores a response again that was found at a moment to be the right one still, under its new metadata. */
  async refresh(request: CachedRequest, entry: CacheEntry, askedAt: number): Promise<void> {
    const { meta } = entry;
    const headers = new Headers(meta.headers as [string, string][]);
    const names = this.#rules.varyNames({ headers, redirects: [] });
    if (names === undefined) return await this.#store.delete(meta.key);
    const { key, vary, index } = this.#place(request, names);
    if (this.isOutdated(request, { key }, askedAt)) return;
    // Without a wait in between, in which something could change.
    const moved = key === meta.key ? undefined : this.#store.delete(meta.key);
    await this.#put(request, { entry: { ...entry, meta: { ...meta, key, vary } }, index, askedAt });
    await moved;
  }

  /** Removes a stored response. */
  async remove(entry: CacheEntry): Promise<void> {
    await this.#store.delete(entry.meta.key);
  }

  /** Removes what is stored for a URL, in all partitions and variants, and what redirects have led to it. */
  async removeAll(url: string): Promise<void> {
    const primary = this.#rules.primaryKey({ url, partition: "", headers: {} });
    this.#state.indexes.delete(primary);
    this.#state.changes.set(withoutFragment(url), this.nextMoment());
    await Promise.all([this.#store.delete(primary), this.#generations.end(url)]);
  }

  /**
   * Whether a response that was asked for at a moment must not be stored: the resource has changed since, or what lies there
   * was asked for later.
   *
   * @param request What was asked for.
   * @param meta What is kept beside it: the key that it would lie under, and what led to it.
   * @param askedAt The moment.
   */
  isOutdated(
    { url }: CachedRequest,
    { key, via = [] }: Pick<CacheMeta, "key" | "via">,
    askedAt: number,
  ): boolean {
    const { moment, askedAt: others } = this.#state;
    if (moment === askedAt) return false;
    const hasChanged = (at: string) => this.#state.hasChanged(at, askedAt);
    return hasChanged(url) || via.some(({ to }) => hasChanged(to)) || (others.get(key) ?? 0) > askedAt;
  }

  /** Removes what a request would select, whether or not there is something, unless it was asked for after a moment. */
  async removeSelected(request: CachedRequest, askedAt: number): Promise<void> {
    const primary = this.#primaryKey(request);
    const known = this.#state.indexes.get(primary);
    const key = known === undefined ? primary : variantKey(primary, known.index, request.sentHeaders);
    if (this.isOutdated(request, { key }, askedAt)) return;
    this.#state.askedAt.set(key, askedAt);
    await this.#store.delete(key);
  }

  /** Whether there may be others of the same URL that a change must reach. */
  #isShared({ partition }: CachedRequest): boolean {
    return partition !== "" && this.#rules.heedsChanges;
  }

  /** The key of a request's primary slot, under the latest generation where there are others. */
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
    // What has come in the meantime may have extended it.
    const known = this.#state.indexes.get(primary);
    if (known === undefined && names.length === 0) return { key: primary, vary: [], index: undefined };
    // Variants of an index that was removed must stay lost, also for another process.
    const extended = extendIndex(known?.index, names, () => crypto.randomUUID());
    // A server that names other headers each time must not make the index ever longer.
    const isNew = known === undefined || extended.names.length > MAX_NAMES;
    const index = isNew ? extendIndex(undefined, names, () => crypto.randomUUID()) : extended;
    // The next plan, made before this one is written, is to use it too.
    if (isNew) this.#state.indexes.set(primary, { index, removeAt: 0, isPlanned: true });
    const { sentHeaders: headers } = request;
    return { key: variantKey(primary, index, headers), vary: selectedHeaders(index.names, headers), index };
  }

  async #write(request: CachedRequest, entry: CacheEntry, index: VariantIndex | undefined): Promise<void> {
    if (index === undefined) return await this.#store.set(entry);
    const primary = this.#primaryKey(request);
    const { url, storedAt } = entry.meta;
    // The index is of use as long as its latest variant, and is written anew with each.
    const removeAt = latest(this.#state.indexes.get(primary)?.removeAt, entry.meta.removeAt);
    this.#state.indexes.set(primary, { index, removeAt, isPlanned: false });
    await Promise.all([
      this.#store.set(entry),
      this.#store.set(toIndexEntry({ ...index, key: primary, url, storedAtMs: storedAt, removeAt })),
    ]);
  }
}

/** Whether names were added to an index. */
function isExtended(index: VariantIndex, latest: VariantIndex | undefined): boolean {
  return latest?.generation === index.generation && latest.names.length > index.names.length;
}

/** The later of two moments; `null` is never. */
function latest(earlier: number | null | undefined, own: number | null): number | null {
  if (earlier === undefined) return own;
  return earlier === null || own === null ? null : Math.max(earlier, own);
}
