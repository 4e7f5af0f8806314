/**
 * What makes one change of a URL felt in entries that can't be listed: those of all partitions, and of all URLs that redirects have led
 * there.
 *
 * A URL has one slot for its generation, any unique text, and these entries carry it: in their keys, or beside their bodies. A change
 * removes the slot, and with that all of them are out of reach, for other processes too; so are they when the slot is lost. The
 * entries themselves go when they have expired, or when the adapter needs the room.
 *
 * @module
 */

import type { CacheEntry, StoredRedirect } from "../cache/cache.ts";
import { withoutFragment } from "../http/url.ts";
import type { EntriesState, KnownGeneration } from "./entries_state.ts";
import type { GuardedAdapter } from "./guarded_adapter.ts";

/** So much longer than its entries a generation is kept, in milliseconds, so that it is not written anew with each of them. */
const SPARE_MS = 30 * 86_400_000;

/** The lifetime of an entry that needs a generation. */
export interface GenerationUse {
  /** When it is stored, in milliseconds since 1970. */
  readonly storedAt: number;
  /** After when it is of no use, in milliseconds since 1970; `null` for never. */
  readonly removeAt: number | null;
}

/** The generations of URLs. */
export class Generations {
  readonly #store: GuardedAdapter;
  readonly #state: Pick<EntriesState, "moment" | "hasChanged">;
  readonly #known: EntriesState["generations"];

  /** Takes where they are kept, and what is known of them. */
  constructor(store: GuardedAdapter, state: Pick<EntriesState, "generations" | "moment" | "hasChanged">) {
    this.#store = store;
    this.#state = state;
    this.#known = state.generations;
  }

  /** The generation that is stored, if it is found in the time that the caller has. */
  async read(url: string, patienceMs?: number): Promise<string | undefined> {
    const key = keyOf(url);
    const before = this.#known.get(key);
    const { moment } = this.#state;
    const slot = await this.#store.get(key, patienceMs);
    // What a change has overtaken has ended.
    if (this.#state.hasChanged(url, moment)) return undefined;
    if (slot !== undefined) {
      const generation = new TextDecoder().decode(slot.body);
      this.#known.set(key, { generation, removeAt: slot.meta.removeAt, isPlanned: false });
      return generation;
    }
    // It is gone, unless a new one was planned or written.
    if (before?.isPlanned === false && this.#known.get(key) === before) this.#known.delete(key);
    return undefined;
  }

  /** The generation that an entry is to be stored under: the one that was read last, or a new one. */
  plan(url: string): string {
    const key = keyOf(url);
    const known = this.#known.get(key) ?? { generation: crypto.randomUUID(), removeAt: 0, isPlanned: true };
    this.#known.set(key, known);
    return known.generation;
  }

  /**
   * Stores what {@linkcode plan} gave, for as long as an entry needs it.
   *
   * @param url The URL.
   * @param use The entry.
   */
  async keep(url: string, use: GenerationUse): Promise<void> {
    const known = this.#known.get(keyOf(url));
    if (known === undefined || (!known.isPlanned && lasts(known, use))) return;
    // What another process has ended meanwhile must stay so.
    if (!known.isPlanned && await this.read(url) !== known.generation) return;
    await this.#write(url, known.generation, use);
  }

  /**
   * Makes redirects depend on where they have led: a change there is felt by what is stored with them.
   *
   * @param via The redirects.
   * @param use The entry.
   * @returns The redirects with the generations of their targets, which are stored for as long as the entry needs them.
   */
  bind(via: readonly StoredRedirect[], use: GenerationUse): Promise<readonly StoredRedirect[]> {
    return Promise.all(via.map(async (redirect) => {
      await this.read(redirect.to);
      const generation = this.plan(redirect.to);
      await this.keep(redirect.to, use);
      return { ...redirect, generation };
    }));
  }

  /** Whether nothing has changed where redirects have led, as far as that can be read in the time that the caller has. */
  async hold(via: readonly StoredRedirect[], patienceMs?: number): Promise<boolean> {
    for (const { to, generation } of via) {
      if (await this.read(to, patienceMs) !== generation) return false;
    }
    return true;
  }

  /** A change: nothing that carries the generation can be found any more. */
  async end(url: string): Promise<void> {
    const key = keyOf(url);
    this.#known.delete(key);
    await this.#store.delete(key);
  }

  async #write(
    url: string,
    generation: string,
    { storedAt, removeAt: endsAt }: GenerationUse,
  ): Promise<void> {
    const key = keyOf(url);
    const removeAt = endsAt === null ? null : endsAt + SPARE_MS;
    this.#known.set(key, { generation, removeAt, isPlanned: false });
    await this.#store.set(toEntry({ key, url, generation, storedAt, removeAt }));
  }
}

function keyOf(url: string): string {
  return `v1 generation\n${withoutFragment(url)}\n`;
}

function lasts({ removeAt }: KnownGeneration, { removeAt: endsAt }: GenerationUse): boolean {
  return removeAt === null || (endsAt !== null && endsAt <= removeAt);
}

/** What a generation's entry is made from. */
interface GenerationSlot extends GenerationUse {
  readonly key: string;
  readonly url: string;
  readonly generation: string;
}

function toEntry({ key, url, generation, storedAt, removeAt }: GenerationSlot): CacheEntry {
  const meta = {
    v: 1,
    key,
    url: withoutFragment(url),
    status: 200,
    headers: [],
    vary: [],
    requestedAt: storedAt,
    storedAt,
    initialAge: 0,
    freshForMs: 0,
    removeAt,
  } as const;
  return { meta, body: new TextEncoder().encode(generation) };
}
