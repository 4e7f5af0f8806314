/**
 * Keeps the files of a cache within a byte bound, without an index. The size of the cache is estimated from the latest scans of
 * its folders, from what this process has written since, and from what other processes have announced.
 *
 * @module
 */

import { Semaphore } from "../../primitives/semaphore.ts";
import type { SweepResult } from "../cache.ts";
import type { EntryFile, EntryFolders } from "./entry_folders.ts";
import { SHARDS } from "./entry_name.ts";
import type { Ledger } from "./ledger.ts";
import { type Removal, selectEach, sumOf } from "./removal.ts";
import { ShardSizes } from "./shard_sizes.ts";
import { asStoreFault, isStoreFault } from "./store_fault.ts";

/** How many entries make a sample that stands for all entries: for their sizes, and for which of them are the oldest. */
const SAMPLE_ENTRIES = 1_000;
/** The share of a sample that is removed at once, so that not every write has to search for the oldest entries. */
const EVICTED_FRACTION = 0.1;
/** Processes do not announce every write: after this many writes, or as many as a folder has entries, one folder is scanned. */
const WRITES_PER_SCAN = 16;
/** After writes of this share of the bound, a sample of folders is scanned again: a short-lived process may have announced nothing. */
const LOOK_FRACTION = 1 / 8;
/** How many foreign files are remembered, so that they are not read again whenever the cache needs room. */
const MAX_FOREIGN = 100_000;
/** How many small folders are scanned at once, which takes less time than one after the other. */
const FOLDERS_AT_ONCE = 16;
/** The age at which a temporary file counts as an orphan, in milliseconds: no write takes so long, so its process has ended. */
const ORPHAN_AGE_MS = 10 * 60_000;

/** Options of {@linkcode ByteBound}. */
export interface ByteBoundOptions {
  /** The folders of the cache. */
  readonly folders: EntryFolders;
  /** The accounts of the writes and removals of other processes. */
  readonly ledger: Ledger;
  /** How many bytes the files may take. */
  readonly maxBytes: number;
  /** Returns the time in milliseconds since 1970. */
  readonly now: () => number;
  /** Returns a number from 0 to 1, which decides where scans begin, so that several processes do not scan the same folders. */
  readonly random: () => number;
}

/** A file to write. */
export interface FileWrite {
  /** The folder of the file. */
  readonly shard: string;
  /** The size of the file, in bytes; at most the bound. */
  readonly bytes: number;
  /** Returns the size of the file that it replaces, in bytes; 0 if there is none. */
  readonly replacedBytes: () => Promise<number>;
}

/**
 * What follows an attempt to make room: the write (`"write"`); or another attempt (`"again"`), because files have changed, and
 * the write may need another number of bytes.
 */
type AfterRoom = "write" | "again";

/** The result of the scan of a folder. */
interface Scan extends Removal {
  /** The entries, without temporary files. */
  readonly entries: readonly EntryFile[];
}

/** Enforces the byte bound: estimates the size of the cache, and removes the least recently used entries. */
export class ByteBound {
  readonly #options: ByteBoundOptions;
  readonly #turn = new Semaphore(1);
  readonly #writing = new Set<Promise<void>>();
  /** The estimated sizes of the folders; empty before the survey. */
  readonly #sizes = new ShardSizes();
  /** By how many bytes the writes in flight may make the cache grow. */
  #reservedBytes = 0;
  /** Files of other programs whose names look like those of entries: a stamp of size and time, by path. */
  readonly #foreign = new Map<string, string>();
  #nextShard: number;
  #writesUntilScan = WRITES_PER_SCAN;
  /** How many bytes this process has written since a large enough sample of folders was last scanned. */
  #unlookedBytes = 0;

  /** Creates a bound, without scanning a folder yet. */
  constructor(options: ByteBoundOptions) {
    this.#options = options;
    this.#nextShard = Math.floor(options.random() * SHARDS.length);
  }

  /**
   * Writes a file once there is room for it.
   *
   * @param file The file, its size, and the size of the file that it replaces.
   * @param run Writes the file, and returns the size of the file that it has replaced; 0 if there was none any more.
   * @throws {unknown} The error of `run`, or the reason why nothing can be removed to make room. A file that is skipped is no
   * fault.
   */
  async write({ shard, bytes, replacedBytes }: FileWrite, run: () => Promise<number>): Promise<void> {
    const { written } = await this.#turn.run(async () => {
      let addedBytes = bytes - await replacedBytes();
      // Making room may have removed the very file that this one replaces.
      while (await this.#makeRoom(addedBytes) === "again") addedBytes = bytes - await replacedBytes();
      const reservedBytes = Math.max(0, addedBytes);
      return { written: this.#track(shard, reservedBytes, async () => bytes - await run()) };
    });
    await written;
  }

  /** Subtracts a file that was removed from the estimate, and counts the removal in the ledger. */
  forget(shard: string, bytes: number): void {
    // No cache writes a file larger than the bound, so no other process has counted it.
    if (bytes <= this.#options.maxBytes) this.#options.ledger.remove(bytes);
    this.#sizes.change(shard, -bytes);
  }

  /** Runs a function while no file is being written, and drops the estimate, because the function changes the folders. */
  async reset(run: () => Promise<void>): Promise<void> {
    await this.#turn.run(async () => {
      await this.#settleWrites();
      this.#sizes.clear();
      await this.#options.ledger.clear();
      await run();
    });
  }

  /**
   * Removes useless entries, orphans, and the least recently used entries that exceed the bound; never a file of another program.
   *
   * @param isUseless Returns whether an entry is useless.
   * @throws {unknown} The first failure, after everything else is done.
   */
  async sweep(isUseless: (file: EntryFile) => Promise<boolean>): Promise<SweepResult> {
    return await this.#turn.run(async () => {
      await this.#settleWrites();
      const { folders, ledger, maxBytes } = this.#options;
      await ledger.sweep();
      const shards = new Set(await folders.shards());
      const kept: EntryFile[] = [];
      const done: Removal[] = [];
      for (const shard of SHARDS) {
        const scan = await this.#scan(shard, shards.has(shard));
        const { selected, failures } = await selectEach(scan.entries, isUseless);
        done.push(scan, { removed: [], otherBytes: 0, failures }, await this.#remove(selected));
        const useless = new Set(selected);
        kept.push(...scan.entries.filter((file) => !useless.has(file)));
      }
      done.push(await this.#removeOldest(kept, this.#sizes.totalBytes - maxBytes));
      const failures = done.flatMap((removal) => removal.failures);
      if (failures.length > 0) throw failures[0];
      const removed = done.flatMap((removal) => removal.removed);
      return { removed: removed.length, freedBytes: sumOf(removed) };
    });
  }

  #track(shard: string, reservedBytes: number, run: () => Promise<number>): Promise<void> {
    this.#reservedBytes += reservedBytes;
    this.#unlookedBytes += reservedBytes;
    const { ledger } = this.#options;
    ledger.begin(reservedBytes);
    const write = async (): Promise<void> => {
      let addedBytes = 0;
      try {
        addedBytes = await run();
        this.#sizes.change(shard, addedBytes);
      } finally {
        // Correct the ledger: another process may have removed or replaced the old file meanwhile, so the write may add more
        // bytes or fewer than reserved.
        const begunBytes = Math.max(reservedBytes, addedBytes);
        ledger.begin(begunBytes - reservedBytes);
        ledger.remove(begunBytes - addedBytes);
        this.#reservedBytes -= reservedBytes;
        await ledger.end(begunBytes);
        this.#writing.delete(written);
      }
    };
    const written = write();
    this.#writing.add(written);
    return written;
  }

  /** Waits for the writes in flight: a scan during a write could count its file twice, or not at all. */
  async #settleWrites(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
  }

  /** Makes room for so many bytes. If there is nothing left to remove, the write goes ahead without room. */
  async #makeRoom(bytes: number): Promise<AfterRoom> {
    if (this.#sizes.known === 0) await this.#survey();
    else if (this.#unlookedBytes >= this.#options.maxBytes * LOOK_FRACTION) await this.#lookAround();
    else if (--this.#writesUntilScan <= 0) await this.#scanNext();
    if (this.#missingBytes(bytes) <= 0) return await this.#reserve(bytes);
    // Other processes may have made room; to read their announcements costs less than a scan.
    await this.#exchange(0);
    if (this.#missingBytes(bytes) <= 0) return "again";
    await this.#settleWrites();
    const sample = await this.#findSample(bytes);
    const missing = this.#missingBytes(bytes);
    if (missing <= 0) return "again";
    const goal = Math.max(missing, sumOf(sample) * EVICTED_FRACTION);
    const { removed, otherBytes, failures } = await this.#removeOldest(sample, goal);
    const isLess = removed.length > 0 || otherBytes > 0;
    // Nothing can be removed, so no write would find room.
    if (!isLess && failures.length > 0) throw asStoreFault(failures[0]);
    return isLess ? "again" : "write";
  }

  /**
   * Announces a write before it happens if enough has come together, so that of two processes that write at the same time one
   * sees the other.
   */
  async #reserve(bytes: number): Promise<AfterRoom> {
    const { ledger } = this.#options;
    if (!ledger.isDue(bytes)) return "write";
    await this.#exchange(bytes);
    return this.#missingBytes(bytes) > 0 ? "again" : "write";
  }

  /** Announces what this process has done and is about to write, and learns what other processes have announced. */
  async #exchange(bytes: number): Promise<void> {
    const { ledger } = this.#options;
    await ledger.announce(bytes);
    this.#sizes.learn(await ledger.news(), 0);
  }

  /**
   * Scans folders until the sample is large enough to know which files are old. It does not stop when the estimate says that
   * there is room: only the sum of what other processes have written is known, so if a folder has less of it than its share,
   * another has more.
   */
  async #findSample(bytes: number): Promise<EntryFile[]> {
    const sample: EntryFile[] = [];
    let seen = 0;
    while (seen < SHARDS.length) {
      const missingEntries = SAMPLE_ENTRIES - sample.length;
      if (missingEntries <= 0 && sumOf(sample) >= this.#missingBytes(bytes)) break;
      const count = Math.min(SHARDS.length - seen, foldersFor(missingEntries, sample.length / seen));
      sample.push(...await this.#scanNext(count, (shard) => this.#sizes.get(shard) !== 0));
      seen += count;
    }
    if (seen === SHARDS.length) this.#unlookedBytes = 0;
    this.#sizes.learn(await this.#options.ledger.news(), seen / SHARDS.length);
    return sample;
  }

  /** Scans a sample of folders to find the error of the estimate, and corrects the sizes of the other folders by the mean error. */
  async #lookAround(): Promise<void> {
    await this.#settleWrites();
    await this.#exchange(0);
    const shards = new Set(await this.#options.folders.shards());
    for (const shard of SHARDS) if (!shards.has(shard)) this.#sizes.set(shard, 0);
    const before = this.#sizes.totalBytes;
    const seen = await this.#scanSample(shards);
    const missedBytes = (this.#sizes.totalBytes - before) / seen;
    for (let ahead = 0; ahead < SHARDS.length - seen; ahead++) {
      this.#sizes.change(SHARDS[(this.#nextShard + ahead) % SHARDS.length]!, missedBytes);
    }
    this.#unlookedBytes = 0;
    this.#sizes.learn(await this.#options.ledger.news(), seen / SHARDS.length);
  }

  /** Makes the first estimate: scans a sample of folders, and assumes their mean size for the others. */
  async #survey(): Promise<void> {
    const { folders, ledger } = this.#options;
    this.#unlookedBytes = 0;
    this.#sizes.learn(await ledger.open(), 0);
    const shards = new Set(await folders.shards());
    for (const shard of SHARDS) if (!shards.has(shard)) this.#sizes.set(shard, 0);
    await this.#scanSample(shards);
    const seenFraction = this.#sizes.known / SHARDS.length;
    // Keys are hashes, so entries spread evenly over the folders.
    const meanBytes = Math.round(this.#sizes.totalBytes / this.#sizes.known);
    for (const shard of SHARDS) if (this.#sizes.get(shard) === undefined) this.#sizes.set(shard, meanBytes);
    this.#sizes.learn(await ledger.news(), seenFraction);
  }

  /** Scans folders until their entries make a sample; skips those that do not exist. Returns how many folders it has passed. */
  async #scanSample(existing: ReadonlySet<string>): Promise<number> {
    let seen = 0;
    for (let entries = 0; seen < SHARDS.length && entries < SAMPLE_ENTRIES;) {
      const count = Math.min(SHARDS.length - seen, foldersFor(SAMPLE_ENTRIES - entries, entries / seen));
      entries += (await this.#scanNext(count, (shard) => existing.has(shard))).length;
      seen += count;
    }
    return seen;
  }

  /** Scans the next folders in turn, whose last scan is the longest ago; skips folders that need no scan. */
  async #scanNext(count = 1, isWorthIt = (_shard: string): boolean => true): Promise<EntryFile[]> {
    const first = this.#nextShard;
    const turns = Array.from({ length: count }, (_, index) => SHARDS[(first + index) % SHARDS.length]!);
    this.#nextShard = (first + count) % SHARDS.length;
    await this.#settleWrites();
    const scans = await Promise.all(turns.filter(isWorthIt).map((shard) => this.#scan(shard)));
    const entries = scans.flatMap((scan) => scan.entries);
    this.#writesUntilScan = Math.max(WRITES_PER_SCAN, entries.length / count);
    return entries;
  }

  /** Removes the orphans of a folder, and counts its other files; a folder that can't be listed counts as empty. */
  async #scan(shard: string, exists = true): Promise<Scan> {
    const { folders, now } = this.#options;
    const failures: unknown[] = [];
    const files = exists ? await folders.list(shard).catch((error) => (failures.push(error), [])) : [];
    const nowMs = now();
    const counted = files.filter((file) => !this.#isKnownForeign(file));
    // Temporary files count, too: they belong to other processes, because this process's own writes have settled.
    this.#sizes.set(shard, sumOf(counted));
    const isOrphan = ({ isTemp, modifiedAt }: EntryFile): boolean =>
      isTemp && Math.abs(nowMs - modifiedAt) > ORPHAN_AGE_MS;
    const orphans = await this.#remove(counted.filter(isOrphan));
    const entries = counted.filter((file) => !file.isTemp);
    return { ...orphans, entries, failures: [...failures, ...orphans.failures] };
  }

  /** Removes the least recently used files until so many bytes are free; skips files that can't be removed. */
  async #removeOldest(files: readonly EntryFile[], bytes: number): Promise<Removal> {
    const byAge = files.toSorted((a, b) => a.modifiedAt - b.modifiedAt || (a.name < b.name ? -1 : 1));
    let removed: EntryFile[] = [];
    let failures: unknown[] = [];
    let freed = 0;
    let otherBytes = 0;
    for (let start = 0, end = 0; freed < bytes && end < byAge.length; start = end) {
      for (let expected = freed; expected < bytes && end < byAge.length;) expected += byAge[end++]!.bytes;
      const batch = await this.#remove(byAge.slice(start, end));
      removed = removed.concat(batch.removed);
      failures = failures.concat(batch.failures);
      otherBytes += batch.otherBytes;
      freed += sumOf(batch.removed) + batch.otherBytes;
      if (batch.failures.some(isStoreFault)) break;
    }
    return { removed, otherBytes, failures };
  }

  /** Removes files of the cache. Files of other programs stay, and are not counted any more. */
  async #remove(files: readonly EntryFile[]): Promise<Removal> {
    let otherBytes = 0;
    const { selected: removed, failures } = await selectEach(files, async (file) => {
      const outcome = await this.#options.folders.removeOwn(file);
      if (outcome === "removed") {
        this.forget(file.shard, file.bytes);
        return true;
      }
      if (outcome === "gone") this.#sizes.noteGone(file.shard, file.bytes);
      else if (this.#noteForeign(file)) this.#sizes.change(file.shard, -file.bytes);
      else return false;
      otherBytes += file.bytes;
      return false;
    });
    return { removed, otherBytes, failures };
  }

  /** Notes a file of another program; returns `false` if there are too many to remember. */
  #noteForeign(file: EntryFile): boolean {
    if (this.#foreign.size >= MAX_FOREIGN) return false;
    this.#foreign.set(this.#options.folders.pathOf(file), stampOf(file));
    return true;
  }

  #isKnownForeign(file: EntryFile): boolean {
    return this.#foreign.size > 0 &&
      this.#foreign.get(this.#options.folders.pathOf(file)) === stampOf(file);
  }

  /** Returns how many bytes must be removed before `bytes` more fit; negative or 0 if they fit now. */
  #missingBytes(bytes: number): number {
    return this.#sizes.totalBytes + this.#reservedBytes + bytes - this.#options.maxBytes;
  }
}

/** Returns how many folders to scan at once to find `entries`, if each held `entriesEach` so far (`NaN`: none was scanned yet). */
function foldersFor(entries: number, entriesEach: number): number {
  if (Number.isNaN(entriesEach)) return 1;
  return Math.max(1, Math.min(FOLDERS_AT_ONCE, Math.ceil(entries / entriesEach)));
}

/** Returns a stamp that changes when another file takes the place of this one. */
function stampOf({ bytes, modifiedAt }: EntryFile): string {
  return `${bytes} ${modifiedAt}`;
}
