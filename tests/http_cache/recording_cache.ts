import type { CacheAdapter, CacheEntry, MaybePromise } from "../../src/http_cache/mod.ts";

/** A cache adapter whose entries a test can read. It records its calls. */
export class RecordingCache implements CacheAdapter {
  readonly name: string = "recording";
  readonly maxEntryBytes: number = 1_000_000;
  readonly entries: Map<string, CacheEntry> = new Map();
  readonly calls: string[] = [];

  get(key: string): MaybePromise<CacheEntry | undefined> {
    this.calls.push("get");
    return this.entries.get(key);
  }

  set(key: string, entry: CacheEntry): MaybePromise<boolean> {
    this.calls.push("set");
    this.entries.set(key, entry);
    return true;
  }

  delete(key: string): MaybePromise<boolean> {
    this.calls.push("delete");
    return this.entries.delete(key);
  }

  /** The only entry. */
  get only(): CacheEntry {
    const [entry, second] = this.entries.values();
    if (entry === undefined || second !== undefined) {
      throw new Error(`There are ${this.entries.size} entries`);
    }
    return entry;
  }

  /** Replaces the only entry. */
  replace(change: (entry: CacheEntry) => unknown): void {
    const [[key, entry]] = [...this.entries] as [[string, CacheEntry]];
    this.entries.set(key, change(entry) as CacheEntry);
  }
}
