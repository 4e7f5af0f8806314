/**
 * How processes that share a cache tell each other how much they write and remove: each has one empty file, whose name says
 * so. A rename changes the name at once, and a list of the folder shows them all.
 *
 * @module
 */

import { Semaphore } from "../../primitives/semaphore.ts";
import type { Files } from "../../runtime/files/contract.ts";
import {
  accountName,
  laterAccount,
  type LedgerAccount,
  newAccount,
  parseAccountName,
} from "./ledger_account.ts";
import { settleAll } from "./settle_all.ts";

/** The folder of the ledger, beside those of entries. */
export const LEDGER_FOLDER = "ledger";

/** What all processes together have not announced yet is at most this part of the bound. */
const UNANNOUNCED_FRACTION = 1 / 16;
/** Processes that begin at the same time do not see each other, so each takes so many for granted. */
const EXPECTED_PROCESSES = 8;
/** A process that has announced nothing for so long has ended, or begins anew. */
const MAX_AGE_MS = 10 * 60_000;
/** A file stays young by being touched so often. */
const TOUCH_INTERVAL_MS = 60_000;
/** A list that is made during a rename may miss the file; a process whose file is missing so often has ended. */
const MAX_MISSES = 16;
/** No announcement is so far ahead of the file that it is about, unless its process is no more. */
const MAX_UNFINISHED_MS = 1_000;

/** What {@linkcode Ledger} works with. */
export interface LedgerOptions {
  /** The file system. */
  readonly files: Files;
  /** The folder above those of entries. */
  readonly root: string;
  /** How many bytes all entries may take. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What other processes have announced since the last look. */
export interface LedgerNews {
  /** How many bytes they have written, or are about to write. */
  readonly writtenBytes: number;
  /** How many bytes they have removed. */
  readonly removedBytes: number;
  /** How many bytes they may be writing now; a scan may find them or not. */
  readonly unfinishedBytes: number;
}

interface KnownAccount extends LedgerAccount {
  /** How often in a row it was not found. */
  readonly misses: number;
  /** When this process has first seen it as it is, in milliseconds since 1970. */
  readonly changedAt: number;
}

/**
 * The accounts of all processes that write to a cache. A fault of the ledger rejects nothing: a process that can't write
 * there is found by the scans of the others.
 */
export class Ledger {
  readonly #files: Files;
  readonly #root: string;
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #turn = new Semaphore(1);
  readonly #others = new Map<string, KnownAccount>();
  #own = newAccount();
  /** What the name of this process's file says; `undefined` when it has none. */
  #announced: LedgerAccount | undefined;
  #touchedAt = 0;
  /** When accounts were touched that are seen for the first time, by id. */
  #touchedTimes: ReadonlyMap<string, number> = new Map();

  /** Reads and makes nothing yet. */
  constructor({ files, root, maxBytes, now }: LedgerOptions) {
    this.#files = files;
    this.#root = root;
    this.#folder = `${root}/${LEDGER_FOLDER}`;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Counts what this process is about to write, in bytes. */
  begin(bytes: number): void {
    this.#own = { ...this.#own, begunBytes: this.#own.begunBytes + bytes };
  }

  /** Counts what it has written, or has failed to write, and tells the others if they wait for so much. */
  async end(bytes: number): Promise<void> {
    this.#own = { ...this.#own, doneBytes: this.#own.doneBytes + bytes };
    const { begunBytes = 0, doneBytes = 0 } = this.#announced ?? {};
    if (begunBytes - doneBytes >= this.#stepBytes()) await this.announce();
  }

  /** Counts what this process has removed, in bytes. */
  remove(bytes: number): void {
    this.#own = { ...this.#own, removedBytes: this.#own.removedBytes + bytes };
  }

  /**
   * Whether the others should know of what this process has done.
   *
   * @param bytes How many bytes it is about to write.
   */
  isDue(bytes: number): boolean {
    const { begunBytes = 0, removedBytes = 0 } = this.#announced ?? {};
    const begun = Math.max(0, this.#own.begunBytes + bytes - begunBytes);
    return begun + this.#own.removedBytes - removedBytes >= this.#stepBytes();
  }

  /** Takes for known what is announced so far; the entries are counted afterwards. */
  async open(): Promise<LedgerNews> {
    this.#others.clear();
    this.#touchedTimes = await this.#sweep();
    const news = await this.news();
    this.#touchedTimes = new Map();
    return news;
  }

  /**
   * Tells the others what this process has done.
   *
   * @param bytes How many bytes it is about to write.
   */
  async announce(bytes = 0): Promise<void> {
    await this.#turn.run(async () => {
      try {
        if (!await this.#rename(bytes)) await this.#create(bytes);
        await this.#touch(bytes);
      } catch {
        // Another file, if this one is still there, will be one of the same process.
        this.#announced = undefined;
      }
    });
  }

  /** What the others have announced since the last look. */
  async news(): Promise<LedgerNews> {
    const found = new Map<string, LedgerAccount>();
    for (const name of await this.#list()) {
      const account = parseAccountName(name);
      // A list may hold both names of a file.
      if (account !== undefined) found.set(account.id, laterAccount(account, found.get(account.id)));
    }
    found.delete(this.#own.id);
    const news = [...found.values()].map((account) => this.#learn(account));
    this.#forgetMissing(found);
    return {
      writtenBytes: sumOf(news, "writtenBytes"),
      removedBytes: sumOf(news, "removedBytes"),
      unfinishedBytes: sumOf(news, "unfinishedBytes"),
    };
  }

  /** Removes the accounts of processes that are no more. */
  async sweep(): Promise<void> {
    await this.#sweep();
  }

  /** Removes all accounts, so that each process begins a new one. */
  async clear(): Promise<void> {
    await this.#removeAll(async (path) => (await this.#files.info(path))?.kind === "file");
    this.#own = newAccount();
    this.#announced = undefined;
    // What is left there belongs to other processes, or was announced meanwhile.
    if (await this.#isFolder()) await this.#files.removeFolder(this.#folder).catch(() => {});
  }

  async #sweep(): Promise<ReadonlyMap<string, number>> {
    const nowMs = this.#now();
    const times = new Map<string, number>();
    await this.#removeAll(async (path, { id }) => {
      const info = await this.#files.info(path);
      if (info?.kind !== "file") return false;
      times.set(id, info.modifiedAt);
      return Math.abs(nowMs - info.modifiedAt) > MAX_AGE_MS;
    });
    return times;
  }

  #stepBytes(): number {
    const processes = Math.max(EXPECTED_PROCESSES, this.#others.size + 1);
    return this.#maxBytes * UNANNOUNCED_FRACTION / processes;
  }

  /** Gives this process's file its new name; `false` when there is none. */
  async #rename(bytes: number): Promise<boolean> {
    const before = this.#announced;
    if (before === undefined) return false;
    const next = laterAccount(this.#next(bytes), before);
    if (await this.#files.rename(this.#pathOf(before), this.#pathOf(next))) {
      this.#announced = next;
      return true;
    }
    // A process that has read the old file knows what it said; the new one says the rest.
    this.#own = {
      id: newAccount().id,
      begunBytes: Math.max(0, this.#own.begunBytes - before.begunBytes),
      doneBytes: Math.max(0, this.#own.doneBytes - before.begunBytes),
      removedBytes: this.#own.removedBytes - before.removedBytes,
    };
    this.#announced = undefined;
    return false;
  }

  #next(bytes: number): LedgerAccount {
    return { ...this.#own, begunBytes: this.#own.begunBytes + Math.max(0, bytes) };
  }

  #learn(account: LedgerAccount): LedgerNews {
    const nowMs = this.#now();
    const known = this.#others.get(account.id);
    const later = laterAccount(account, known);
    const isSame = known !== undefined && accountName(known) === accountName(later);
    const changedAt = isSame ? known.changedAt : this.#touchedTimes.get(account.id) ?? nowMs;
    this.#others.set(account.id, { ...later, changedAt, misses: 0 });
    const isAlive = Math.abs(nowMs - changedAt) < MAX_UNFINISHED_MS;
    return {
      writtenBytes: later.begunBytes - (known?.begunBytes ?? 0),
      removedBytes: later.removedBytes - (known?.removedBytes ?? 0),
      unfinishedBytes: isAlive ? Math.max(0, later.begunBytes - later.doneBytes) : 0,
    };
  }

  async #create(bytes: number): Promise<void> {
    for (const path of [this.#root, this.#folder]) {
      const kind = (await this.#files.info(path))?.kind;
      if (kind === undefined) await this.#files.makeFolder(path);
      // A link may lead anywhere.
      else if (kind !== "folder") throw new Error(`Cannot keep a ledger in '${path}' as it is no folder`);
    }
    const account = this.#next(bytes);
    await this.#files.create(this.#pathOf(account), new Uint8Array(0));
    this.#announced = account;
    this.#touchedAt = -Infinity;
  }

  /** Says that this process is alive: now and then, and when it is about to write much. */
  async #touch(bytes: number): Promise<void> {
    const nowMs = this.#now();
    if (this.#announced === undefined) return;
    if (bytes < this.#stepBytes() && Math.abs(nowMs - this.#touchedAt) < TOUCH_INTERVAL_MS) return;
    this.#touchedAt = nowMs;
    await this.#files.touch(this.#pathOf(this.#announced), nowMs);
  }

  #forgetMissing(found: ReadonlyMap<string, LedgerAccount>): void {
    for (const [id, account] of this.#others) {
      if (found.has(id)) continue;
      if (account.misses >= MAX_MISSES) this.#others.delete(id);
      else this.#others.set(id, { ...account, misses: account.misses + 1 });
    }
  }

  async #removeAll(isOver: (path: string, account: LedgerAccount) => Promise<boolean>): Promise<void> {
    try {
      if (!await this.#isFolder()) return;
      const accounts = (await this.#list()).map(parseAccountName).filter((account) => account !== undefined);
      await settleAll(accounts, async (account) => {
        const path = this.#pathOf(account);
        if (await isOver(path, account)) await this.#files.remove(path);
      });
    } catch {
      // They do no harm.
    }
  }

  async #list(): Promise<readonly string[]> {
    // Where there is no list, no other process is known.
    return await this.#files.list(this.#folder).catch(() => undefined) ?? [];
  }

  async #isFolder(): Promise<boolean> {
    const isFolder = async (path: string) =>
      (await this.#files.info(path).catch(() => undefined))?.kind === "folder";
    return await isFolder(this.#root) && await isFolder(this.#folder);
  }

  #pathOf(account: LedgerAccount): string {
    return `${this.#folder}/${accountName(account)}`;
  }
}

function sumOf(news: readonly LedgerNews[], name: keyof LedgerNews): number {
  return news.reduce((sum, each) => sum + each[name], 0);
}
