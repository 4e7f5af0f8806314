/**
 * Keeps the files of a cache within a bound, without an index: how large a folder is, is known from when it was last
 * scanned, and from what this process has written since.
 *
 * @module
 */

import { Semaphore } from "../../primitives/semaphore.ts";
import type { SweepResult } from "../cache.ts";
import type { EntryFile, EntryFolders } from "./entry_folders.ts";
import { SHARDS } from "./entry_name.ts";
import { settleAll } from "./settle_all.ts";
import { asStoreFault, isStoreFault } from "./store_fault.ts";

/** How many entries stand for all of them, when it is asked how large they are or which of them is the oldest. */
const SAMPLE_ENTRIES = 1_000;
/** How much of a sample goes at once, so that not every write has to look for the oldest. */
const EVICTED_FRACTION = 0.1;
/** Other processes write as well: after so many writes, or as many as a folder has entries, one folder is scanned. */
const WRITES_PER_SCAN = 16;
/** So many files of others are remembered, so that they are not looked at whenever there is no room. */
const MAX_FOREIGN = 100_000;
/** No write takes so long: who began it is no more. */
const ORPHAN_AGE_MS = 10 * 60_000;

/** What {@linkcode ByteBound} works with. */
export interface ByteBoundOptions {
  /** The files. */
  readonly folders: EntryFolders;
  /** How many bytes they may take. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Where the scans begin, so that several processes do not scan the same. */
  readonly random: () => number;
}

/** A file that is to be written. */
export interface FileWrite {
  /** Its folder. */
  readonly shard: string;
  /** How large it is; no more than the bound. */
  readonly bytes: number;
  /** How large the file is whose place it takes; 0 if there is none. */
  readonly replacedBytes: () => Promise<number>;
}

/** What became of files that were to be removed. */
interface Removal {
  /** Those that are gone. */
  readonly removed: readonly EntryFile[];
  /** How many bytes turned out to be those of others, which are left alone and not counted. */
  readonly foreignBytes: number;
  /** Why the others are not. */
  readonly failures: readonly unknown[];
}

/** What is in a folder. */
interface Scan extends Removal {
  /** All but what is being written, and what a crash has left. */
  readonly entries: readonly EntryFile[];
}

/** The bound, the estimate of what there is, and the removal of the least recently used. */
export class ByteBound {
  readonly #options: ByteBoundOptions;
  readonly #turn = new Semaphore(1);
  readonly #writing = new Set<Promise<void>>();
  /** How large each folder is, or is thought to be; empty before the survey. */
  readonly #bytes = new Map<string, number>();
  #totalBytes = 0;
  /** What is being written. */
  #reservedBytes = 0;
  /** What is not the cache's own although its name says so: its size and time, by path. */
  readonly #foreign = new Map<string, string>();
  #nextShard: number;
  #writesUntilScan = WRITES_PER_SCAN;

  /** Scans nothing yet. */
  constructor(options: ByteBoundOptions) {
    this.#options = options;
    this.#nextShard = Math.floor(options.random() * SHARDS.length);
  }

  /**
   * Writes a file once there is room for it.
   *
   * @param file Which, how large, and how large the one is that it replaces.
   * @param run Writes it.
   * @throws {unknown} What `run` throws, or why nothing can be removed to make room; what is just skipped is no fault.
   */
  async write({ shard, bytes, replacedBytes }: FileWrite, run: () => Promise<void>): Promise<void> {
    const { written } = await this.#turn.run(async () => {
      let addedBytes = bytes - await replacedBytes();
      // What is to be replaced may be what has gone.
      while (await this.#makeRoom(addedBytes)) addedBytes = bytes - await replacedBytes();
      return { written: this.#track(shard, addedBytes, run) };
    });
    await written;
  }

  /** Counts a file that was removed. */
  forget(shard: string, bytes: number): void {
    this.#change(shard, -bytes);
  }

  /** Does something while no file is being written, after which nothing is known any more. */
  async reset(run: () => Promise<void>): Promise<void> {
    await this.#turn.run(async () => {
      await this.#settleWrites();
      this.#bytes.clear();
      this.#totalBytes = 0;
      await run();
    });
  }

  /**
   * Removes the useless, the orphans, and the least recently used above the bound; nothing of somebody else.
   *
   * @param isUseless Tells whether an entry is of no use.
   * @throws {unknown} The first failure, when everything else is done.
   */
  async sweep(isUseless: (file: EntryFile) => Promise<boolean>): Promise<SweepResult> {
    return await this.#turn.run(async () => {
      await this.#settleWrites();
      const { folders, maxBytes } = this.#options;
      const shards = new Set(await folders.shards());
      const kept: EntryFile[] = [];
      const done: Removal[] = [];
      for (const shard of SHARDS) {
        const scan = await this.#scan(shard, shards.has(shard));
        const verdict = await judge(scan.entries, isUseless);
        done.push(scan, verdict, await this.#remove(verdict.useless));
        kept.push(...verdict.kept);
      }
      done.push(await this.#removeOldest(kept, this.#totalBytes - maxBytes));
      const failures = done.flatMap((removal) => removal.failures);
      if (failures.length > 0) throw failures[0];
      const removed = done.flatMap((removal) => removal.removed);
      return { removed: removed.length, freedBytes: sumOf(removed) };
    });
  }

  #track(shard: string, addedBytes: number, run: () => Promise<void>): Promise<void> {
    const reservedBytes = Math.max(0, addedBytes);
    this.#reservedBytes += reservedBytes;
    const write = async (): Promise<void> => {
      try {
        await run();
        this.#change(shard, addedBytes);
      } finally {
        this.#reservedBytes -= reservedBytes;
        this.#writing.delete(written);
      }
    };
    const written = write();
    this.#writing.add(written);
    return written;
  }

  /** Waits for the writes under way: a scan that meets a file half-way could count it twice, or not at all. */
  async #settleWrites(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
  }

  /** Makes room for so many bytes, and says whether files had to go for it. */
  async #makeRoom(bytes: number): Promise<boolean> {
    if (this.#bytes.size === 0) await this.#survey();
    else if (--this.#writesUntilScan <= 0) await this.#scanNext();
    if (this.#missingBytes(bytes) <= 0) return false;
    await this.#settleWrites();
    const sample: EntryFile[] = [];
    for (let count = 0; count < SHARDS.length; count++) {
      const shard = SHARDS[this.#nextShard]!;
      if (this.#bytes.get(shard) !== 0) sample.push(...await this.#scanNext());
      else this.#advance();
      const missing = this.#missingBytes(bytes);
      if (missing <= 0) return false;
      if (sample.length >= SAMPLE_ENTRIES && sumOf(sample) >= missing) break;
    }
    const missing = this.#missingBytes(bytes);
    const goal = Math.max(missing, sumOf(sample) * EVICTED_FRACTION);
    const { removed, foreignBytes, failures } = await this.#removeOldest(sample, goal);
    const isLess = removed.length > 0 || foreignBytes > 0;
    // No write would find room.
    if (!isLess && failures.length > 0) throw asStoreFault(failures[0]);
    return isLess;
  }

  /** Scans as many folders as it takes for an estimate of them all. */
  async #survey(): Promise<void> {
    const shards = new Set(await this.#options.folders.shards());
    for (const shard of SHARDS) if (!shards.has(shard)) this.#setBytes(shard, 0);
    let seen = 0;
    for (let count = 0; count < SHARDS.length && seen < SAMPLE_ENTRIES; count++) {
      if (shards.has(SHARDS[this.#nextShard]!)) seen += (await this.#scanNext()).length;
      else this.#advance();
    }
    // Keys are hashes, so what is seen in some folders holds for the others.
    const meanBytes = Math.round(this.#totalBytes / this.#bytes.size);
    for (const shard of SHARDS) if (!this.#bytes.has(shard)) this.#setBytes(shard, meanBytes);
  }

  /** Scans the folder that was not scanned for longest. */
  async #scanNext(): Promise<readonly EntryFile[]> {
    const shard = SHARDS[this.#nextShard]!;
    this.#advance();
    await this.#settleWrites();
    const { entries } = await this.#scan(shard);
    this.#writesUntilScan = Math.max(WRITES_PER_SCAN, entries.length);
    return entries;
  }

  #advance(): void {
    this.#nextShard = (this.#nextShard + 1) % SHARDS.length;
  }

  /** Removes what a crash left behind in a folder, and counts the rest; a folder that can't be listed counts as empty. */
  async #scan(shard: string, exists = true): Promise<Scan> {
    const { folders, now } = this.#options;
    const failures: unknown[] = [];
    const files = exists ? await folders.list(shard).catch((error) => (failures.push(error), [])) : [];
    const nowMs = now();
    const entries = files.filter((file) => !file.isTemp && !this.#isKnownForeign(file));
    this.#setBytes(shard, sumOf(entries));
    const isOrphan = ({ isTemp, modifiedAt }: EntryFile): boolean =>
      isTemp && Math.abs(nowMs - modifiedAt) > ORPHAN_AGE_MS;
    const orphans = await attempt(files.filter(isOrphan), async (file) => {
      if (!await folders.isOwn(file)) return false;
      await folders.remove(file);
      return true;
    });
    return {
      entries,
      removed: orphans.removed,
      foreignBytes: 0,
      failures: [...failures, ...orphans.failures],
    };
  }

  /** Removes the files that were not used for longest, until so many bytes are free; what can't be removed is skipped. */
  async #removeOldest(files: readonly EntryFile[], bytes: number): Promise<Removal> {
    const byAge = files.toSorted((a, b) => a.modifiedAt - b.modifiedAt || (a.name < b.name ? -1 : 1));
    const removed: EntryFile[] = [];
    const failures: unknown[] = [];
    let freed = 0;
    let foreignBytes = 0;
    for (let start = 0, end = 0; freed < bytes && end < byAge.length; start = end) {
      for (let expected = freed; expected < bytes && end < byAge.length;) expected += byAge[end++]!.bytes;
      const batch = await this.#remove(byAge.slice(start, end));
      removed.push(...batch.removed);
      failures.push(...batch.failures);
      foreignBytes += batch.foreignBytes;
      freed += sumOf(batch.removed) + batch.foreignBytes;
      if (batch.failures.some(isStoreFault)) break;
    }
    return { removed, foreignBytes, failures };
  }

  /** Removes files, but none of somebody else: those are not counted any more. */
  async #remove(files: readonly EntryFile[]): Promise<Removal> {
    const { folders } = this.#options;
    let foreignBytes = 0;
    const removal = await attempt(files, async (file) => {
      const isOwn = await folders.isOwn(file);
      if (isOwn) await folders.remove(file);
      else if (this.#noteForeign(file)) foreignBytes += file.bytes;
      else return false;
      this.forget(file.shard, file.bytes);
      return isOwn;
    });
    return { ...removal, foreignBytes };
  }

  /** Notes what is somebody else's; `false` if there are too many to remember. */
  #noteForeign(file: EntryFile): boolean {
    if (this.#foreign.size >= MAX_FOREIGN) return false;
    this.#foreign.set(this.#options.folders.pathOf(file), stampOf(file));
    return true;
  }

  #isKnownForeign(file: EntryFile): boolean {
    return this.#foreign.size > 0 &&
      this.#foreign.get(this.#options.folders.pathOf(file)) === stampOf(file);
  }

  /** How many bytes have to go before so many more find room. */
  #missingBytes(bytes: number): number {
    return this.#totalBytes + this.#reservedBytes + bytes - this.#options.maxBytes;
  }

  #change(shard: string, bytes: number): void {
    const before = this.#bytes.get(shard);
    if (before !== undefined) this.#setBytes(shard, Math.max(0, before + bytes));
  }

  #setBytes(shard: string, bytes: number): void {
    this.#totalBytes += bytes - (this.#bytes.get(shard) ?? 0);
    this.#bytes.set(shard, bytes);
  }
}

/** Does something with each file, unless it says `false`; which of them that was done for, and why it failed for others. */
async function attempt(
  files: readonly EntryFile[],
  run: (file: EntryFile) => Promise<boolean>,
): Promise<Removal> {
  const failures: unknown[] = [];
  const done = await settleAll(files, async (file) => {
    try {
      return await run(file) ? [file] : [];
    } catch (error) {
      // Others can still go.
      failures.push(error);
      return [];
    }
  });
  return { removed: done.flat(), foreignBytes: 0, failures };
}

/** Tells the useless from the rest, to which belongs what can't be judged. */
async function judge(
  files: readonly EntryFile[],
  isUseless: (file: EntryFile) => Promise<boolean>,
): Promise<Removal & { readonly useless: readonly EntryFile[]; readonly kept: readonly EntryFile[] }> {
  const useless = new Set<EntryFile>();
  const { failures } = await attempt(files, async (file) => {
    if (await isUseless(file)) useless.add(file);
    return true;
  });
  const kept = files.filter((file) => !useless.has(file));
  return { useless: [...useless], kept, removed: [], foreignBytes: 0, failures };
}

/** Changes when another file takes the place. */
function stampOf({ bytes, modifiedAt }: EntryFile): string {
  return `${bytes} ${modifiedAt}`;
}

function sumOf(files: readonly EntryFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
