/**
 * Generations let one change of a URL invalidate entries that the cache cannot list: those of all partitions, and those of all
 * URLs that redirect to it.
 *
 * Each URL has one slot for its generation, which is any unique text. The entries carry the generation in their keys, or in their
 * metadata. A change removes the slot, so that no request can find these entries any more, in this or another process. The same
 * happens if the adapter loses the slot. The adapter removes the entries themselves when they have expired, or when it needs the
 * room.
 *
 * @module
 */

import type { StoredRedirect } from "../cache/cache.ts";
import { withoutFragment } from "../http/url.ts";
import type { EntriesState, KnownGeneration } from "./entries_state.ts";
import type { GuardedAdapter } from "./guarded_adapter.ts";
import { toIndexEntry } from "./rfc9111/vary.ts";

/** The beginning of the keys of generations. */
const PREFIX = "v1 generation\n";

/** How much longer than its entries a generation is kept, in milliseconds, so that not every entry has to write it again. */
const SPARE_MS = 30 * 86_400_000;

/** The lifetime of an entry that needs a generation. */
export interface GenerationUse {
  /** When the entry is stored, in milliseconds since 1970. */
  readonly storedAt: number;
  /** The time after which the entry is of no use, in milliseconds since 1970; `null` for never. */
  readonly removeAt: number | null;
}

/** Reads, writes and ends the generations of URLs. */
export class Generations {
  readonly #store: GuardedAdapter;
  readonly #state: Pick<EntriesState, "logicalClock" | "hasChanged">;
  readonly #known: EntriesState["generations"];

  /** Creates the generations of a store. The state remembers the latest ones. */
  constructor(
    store: GuardedAdapter,
    state: Pick<EntriesState, "generations" | "logicalClock" | "hasChanged">,
  ) {
    this.#store = store;
    this.#state = state;
    this.#known = state.generations;
  }

  /** Returns the stored generation of a URL. A read that takes longer than `patienceMs` counts as a miss. */
  async read(url: string, patienceMs?: number): Promise<string | undefined> {
    const key = keyOf(url);
    const before = this.#known.get(key);
    const begunAt = this.#state.logicalClock.now;
    const slot = await this.#store.get(key, patienceMs);
    // A change during the read has ended this generation.
    if (this.#state.hasChanged(url, begunAt)) return undefined;
    if (slot !== undefined) {
      const generation = new TextDecoder().decode(slot.body);
      this.#known.set(key, { generation, removeAt: slot.meta.removeAt, isPlanned: false });
      return generation;
    }
    // The slot is gone. Forget its generation, unless a new one was planned or written meanwhile.
    if (before?.isPlanned === false && this.#known.get(key) === before) this.#known.delete(key);
    return undefined;
  }

  /** Returns the generation to store an entry under: the one that was read last, or a new one. */
  plan(url: string): string {
    const key = keyOf(url);
    const known = this.#known.get(key) ?? { generation: crypto.randomUUID(), removeAt: 0, isPlanned: true };
    this.#known.set(key, known);
    return known.generation;
  }

  /**
   * Stores the generation of {@linkcode plan}, for as long as an entry needs it.
   *
   * @param url The URL.
   * @param use The lifetime of the entry.
   */
  async keep(url: string, use: GenerationUse): Promise<void> {
    const known = this.#known.get(keyOf(url));
    if (known === undefined || (!known.isPlanned && lasts(known, use))) return;
    // Do not restore a generation that another process has ended.
    if (!known.isPlanned && await this.read(url) !== known.generation) return;
    await this.#write(url, known.generation, use);
  }

  /**
   * Binds redirects to the generations of their targets, so that a change of a target invalidates the entry behind the redirects.
   *
   * @param via The redirects.
   * @param use The lifetime of that entry.
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

  /**
   * Whether the targets of redirects still have their generations. A read that takes longer than `patienceMs` counts as a change.
   */
  async hold(via: readonly StoredRedirect[], patienceMs?: number): Promise<boolean> {
    for (const { to, generation } of via) {
      if (await this.read(to, patienceMs) !== generation) return false;
    }
    return true;
  }

  /** Ends the generation of a URL after a change: no request can find the entries that carry it any more. */
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
    // The slot has the form of an index of variants without names.
    const index = { key, url: withoutFragment(url), names: [], generation, storedAtMs: storedAt, removeAt };
    await this.#store.set(toIndexEntry(index));
  }
}

/** Returns whether a key is that of a generation, and not that of a response or of an index. */
export function isGenerationKey(key: string): boolean {
  return key.startsWith(PREFIX);
}

function keyOf(url: string): string {
  return `${PREFIX}${withoutFragment(url)}\n`;
}

function lasts({ removeAt }: KnownGeneration, { removeAt: endsAt }: GenerationUse): boolean {
  return removeAt === null || (endsAt !== null && endsAt <= removeAt);
}
