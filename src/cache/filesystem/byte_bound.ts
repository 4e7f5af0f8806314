/**
 * Keeps the files of a cache within a bound, without an index: how large it is, is known from when its folders were last
 * scanned, from what this process has written since, and from what the others have announced.
 *
 * @module
 */

import { Semaphore } from "../../primitives/semaphore.ts";
import type { SweepResult } from "../cache.ts";
import type { EntryFile, EntryFolders } from "./entry_folders.ts";
import { SHARDS } from "./entry_name.ts";
import type { Ledger } from "./ledger.ts";
import { judgeEach, type Removal, removeEach, sumOf } from "./removal.ts";
import { ShardSizes } from "./shard_sizes.ts";
import { asStoreFault, isStoreFault } from "./store_fault.ts";

/** How many entries stand for all of them, when it is asked how large they are or which of them is the oldest. */
const SAMPLE_ENTRIES = 1_000;
/** How much of a sample goes at once, so that not every write has to look for the oldest. */
const EVICTED_FRACTION = 0.1;
/** Not all is announced: after so many writes, or as many as a folder has entries, one folder is scanned. */
const WRITES_PER_SCAN = 16;
/** After writes of this part of the bound, folders are looked at again: who writes little before it ends announces nothing. */
const LOOK_FRACTION = 1 / 8;
/** So many files of others are remembered, so that they are not looked at whenever there is no room. */
const MAX_FOREIGN = 100_000;
/** Small folders are scanned together, which takes less time than one after the other. */
const FOLDERS_AT_ONCE = 16;
/** No write takes so long: the process that began it has ended. */
const ORPHAN_AGE_MS = 10 * 60_000;

/** What {@linkcode ByteBound} works with. */
export interface ByteBoundOptions {
  /** The files. */
  readonly folders: EntryFolders;
  /** What other processes write. */
  readonly ledger: Ledger;
  /** How many bytes the files may take. */
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
  /** Empty before the survey. */
  readonly #sizes = new ShardSizes();
  /** What is being written. */
  #reservedBytes = 0;
  /** What is not the cache's own although its name says so: its size and time, by path. */
  readonly #foreign = new Map<string, string>();
  #nextShard: number;
  #writesUntilScan = WRITES_PER_SCAN;
  /** What was written since enough folders were scanned to tell how large all of them are. */
  #unlookedBytes = 0;

  /** Scans nothing yet. */
  constructor(options: ByteBoundOptions) {
    this.#options = options;
    this.#nextShard = Math.floor(options.random() * SHARDS.length);
  }

  /**
   * Writes a file once there is room for it.
   *
   * @param file Which, how large, and how large the one is that it replaces.
   * @param run Writes it, and tells how large the file was that it has replaced; 0 if there was none any more.
   * @throws {unknown} What `run` throws, or why nothing can be removed to make room; what is just skipped is no fault.
   */
  async write({ shard, bytes, replacedBytes }: FileWrite, run: () => Promise<number>): Promise<void> {
    const { written } = await this.#turn.run(async () => {
      let addedBytes = bytes - await replacedBytes();
      // What is to be replaced may be what has gone.
      while (await this.#makeRoom(addedBytes)) addedBytes = bytes - await replacedBytes();
      const reservedBytes = Math.max(0, addedBytes);
      return { written: this.#track(shard, reservedBytes, async () => bytes - await run()) };
    });
    await written;
  }

  /** Counts a file that was removed. */
  forget(shard: string, bytes: number): void {
    // What is larger was written by no cache, so that no other process has counted it.
    if (bytes <= this.#options.maxBytes) this.#options.ledger.remove(bytes);
    this.#sizes.change(shard, -bytes);
  }

  /** Does something while no file is being written, after which nothing is known any more. */
  async reset(run: () => Promise<void>): Promise<void> {
    await this.#turn.run(async () => {
      await this.#settleWrites();
      this.#sizes.clear();
      await this.#options.ledger.clear();
      await run();
    });
  }

  /**
   * Removes the useless, the orphans, and the least recently used above the bound; never a file that is not the cache's.
   *
   * @param isUseless Tells whether an entry is of no use.
   * @throws {unknown} The first failure, when everything else is done.
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
        const verdict = await judgeEach(scan.entries, isUseless);
        done.push(scan, verdict, await this.#remove(verdict.useless));
        kept.push(...verdict.kept);
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
        // Another process may have removed or replaced meanwhile what was to be replaced.
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

  /** Waits for the writes in flight: a scan that meets a file half-way could count it twice, or not at all. */
  async #settleWrites(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
  }

  /** Makes room for so many bytes, and says whether there may be more now. */
  async #makeRoom(bytes: number): Promise<boolean> {
    if (this.#sizes.known === 0) await this.#survey();
    else if (this.#unlookedBytes >= this.#options.maxBytes * LOOK_FRACTION) await this.#lookAround();
    else if (--this.#writesUntilScan <= 0) await this.#scanNext();
    if (this.#missingBytes(bytes) <= 0) return await this.#reserve(bytes);
    // Others may have made room, and to ask them costs less than a scan.
    await this.#exchange(0);
    if (this.#missingBytes(bytes) <= 0) return true;
    await this.#settleWrites();
    const sample = await this.#findSample(bytes);
    const missing = this.#missingBytes(bytes);
    if (missing <= 0) return true;
    const goal = Math.max(missing, sumOf(sample) * EVICTED_FRACTION);
    const { removed, otherBytes, failures } = await this.#removeOldest(sample, goal);
    const isLess = removed.length > 0 || otherBytes > 0;
    // No write would find room.
    if (!isLess && failures.length > 0) throw asStoreFault(failures[0]);
    return isLess;
  }

  /** Announces a write before it happens, so that of two processes one sees the other; whether it has to make room then. */
  async #reserve(bytes: number): Promise<boolean> {
    const { ledger } = this.#options;
    if (!ledger.isDue(bytes)) return false;
    await this.#exchange(bytes);
    return this.#missingBytes(bytes) > 0;
  }

  async #exchange(bytes: number): Promise<void> {
    const { ledger } = this.#options;
    await ledger.announce(bytes);
    this.#sizes.learn(await ledger.news(), 0);
  }

  /**
   * Scans folders until enough is seen to know which files are old. That there is room meanwhile is no reason to stop: what
   * others have written is known in sum, so a folder with less of it than its share means that another has more.
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

  /** Scans folders until enough is seen to know by how much the estimate is wrong, which holds for the others as well. */
  async #lookAround(): Promise<void> {
    await this.#settleWrites();
    await this.#exchange(0);
    const shards = new Set(await this.#options.folders.shards());
    for (const shard of SHARDS) if (!shards.has(shard)) this.#sizes.set(shard, 0);
    const before = this.#sizes.totalBytes;
    let seen = 0;
    for (let entries = 0; seen < SHARDS.length && entries < SAMPLE_ENTRIES;) {
      const count = Math.min(SHARDS.length - seen, foldersFor(SAMPLE_ENTRIES - entries, entries / seen));
      entries += (await this.#scanNext(count, (shard) => shards.has(shard))).length;
      seen += count;
    }
    const missedBytes = (this.#sizes.totalBytes - before) / seen;
    for (let ahead = 0; ahead < SHARDS.length - seen; ahead++) {
      this.#sizes.change(SHARDS[(this.#nextShard + ahead) % SHARDS.length]!, missedBytes);
    }
    this.#unlookedBytes = 0;
    this.#sizes.learn(await this.#options.ledger.news(), seen / SHARDS.length);
  }

  /** Scans as many folders as it takes for an estimate of them all. */
  async #survey(): Promise<void> {
    const { folders, ledger } = this.#options;
    this.#unlookedBytes = 0;
    this.#sizes.learn(await ledger.open(), 0);
    const shards = new Set(await folders.shards());
    for (const shard of SHARDS) if (!shards.has(shard)) this.#sizes.set(shard, 0);
    let entries = 0;
    for (let seen = 0; seen < SHARDS.length && entries < SAMPLE_ENTRIES;) {
      const count = Math.min(SHARDS.length - seen, foldersFor(SAMPLE_ENTRIES - entries, entries / seen));
      entries += (await this.#scanNext(count, (shard) => shards.has(shard))).length;
      seen += count;
    }
    const seenFraction = this.#sizes.known / SHARDS.length;
    // Keys are hashes, so what is seen in some folders holds for the others.
    const meanBytes = Math.round(this.#sizes.totalBytes / this.#sizes.known);
    for (const shard of SHARDS) if (this.#sizes.get(shard) === undefined) this.#sizes.set(shard, meanBytes);
    this.#sizes.learn(await ledger.news(), seenFraction);
  }

  /** Scans the folders that were not scanned for longest; those that are known to be empty just have their turn. */
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

  /** Removes what a crash left behind in a folder, and counts the rest; a folder that can't be listed counts as empty. */
  async #scan(shard: string, exists = true): Promise<Scan> {
    const { folders, now } = this.#options;
    const failures: unknown[] = [];
    const files = exists ? await folders.list(shard).catch((error) => (failures.push(error), [])) : [];
    const nowMs = now();
    const counted = files.filter((file) => !this.#isKnownForeign(file));
    // What is unfinished is not of this process: its own writes have settled.
    this.#sizes.set(shard, sumOf(counted));
    const isOrphan = ({ isTemp, modifiedAt }: EntryFile): boolean =>
      isTemp && Math.abs(nowMs - modifiedAt) > ORPHAN_AGE_MS;
    const orphans = await this.#remove(counted.filter(isOrphan));
    const entries = counted.filter((file) => !file.isTemp);
    return { ...orphans, entries, failures: [...failures, ...orphans.failures] };
  }

  /** Removes the files that were not used for longest, until so many bytes are free; what can't be removed is skipped. */
  async #removeOldest(files: readonly EntryFile[], bytes: number): Promise<Removal> {
    const byAge = files.toSorted((a, b) => a.modifiedAt - b.modifiedAt || (a.name < b.name ? -1 : 1));
    const removed: EntryFile[] = [];
    const failures: unknown[] = [];
    let freed = 0;
    let otherBytes = 0;
    for (let start = 0, end = 0; freed < bytes && end < byAge.length; start = end) {
      for (let expected = freed; expected < bytes && end < byAge.length;) expected += byAge[end++]!.bytes;
      const batch = await this.#remove(byAge.slice(start, end));
      removed.push(...batch.removed);
      failures.push(...batch.failures);
      otherBytes += batch.otherBytes;
      freed += sumOf(batch.removed) + batch.otherBytes;
      if (batch.failures.some(isStoreFault)) break;
    }
    return { removed, otherBytes, failures };
  }

  /** Removes files of the cache. Others stay, and are not counted any more. */
  async #remove(files: readonly EntryFile[]): Promise<Removal> {
    let otherBytes = 0;
    const removal = await removeEach(files, async (file) => {
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
    return { ...removal, otherBytes };
  }

  /** Notes a file that is not the cache's; `false` if there are too many to remember. */
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
    return this.#sizes.totalBytes + this.#reservedBytes + bytes - this.#options.maxBytes;
  }
}

/** How many folders to scan at once for so many entries, when each had so many up to now (`NaN`: none was scanned yet). */
function foldersFor(entries: number, entriesEach: number): number {
  if (Number.isNaN(entriesEach)) return 1;
  return Math.max(1, Math.min(FOLDERS_AT_ONCE, Math.ceil(entries / entriesEach)));
}

/** Changes when another file takes the place. */
function stampOf({ bytes, modifiedAt }: EntryFile): string {
  return `${bytes} ${modifiedAt}`;
}
