/**
 * The ledger by which processes that share a cache tell each other how many bytes they write and remove. Each process has one
 * empty file, whose name holds its account. A rename updates the account atomically, and a listing of the folder shows all
 * accounts.
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

/** The folder of the ledger, beside the folders of entries. */
export const LEDGER_FOLDER = "ledger";

/** The share of the bound that all processes together may leave unannounced. */
const UNANNOUNCED_FRACTION = 1 / 16;
/** How many processes each process assumes at least, because processes that begin at the same time do not see each other. */
const EXPECTED_PROCESSES = 8;
/** The age of a file at which its process counts as ended, in milliseconds. If it still runs, it begins a new account. */
const MAX_AGE_MS = 10 * 60_000;
/** How often a process touches its file, so that the file stays young, in milliseconds. */
const TOUCH_INTERVAL_MS = 60_000;
/** How often in a row a file may be missing before its process counts as ended: a listing during a rename may miss the file. */
const MAX_MISSES = 16;
/** How long after an announcement the announced write may still be in flight, in milliseconds; later its process must have ended. */
const MAX_UNFINISHED_MS = 1_000;

/** Options of {@linkcode Ledger}. */
export interface LedgerOptions {
  /** The file system. */
  readonly files: Files;
  /** The folder that contains the folders of entries. */
  readonly root: string;
  /** How many bytes all entries may take. */
  readonly maxBytes: number;
  /** Returns the time in milliseconds since 1970. */
  readonly now: () => number;
}

/** The announcements of other processes since they were last read. */
export interface LedgerNews {
  /** How many bytes they have written, or are about to write. */
  readonly writtenBytes: number;
  /** How many bytes they have removed. */
  readonly removedBytes: number;
  /** How many bytes they may be writing now; a scan may find these bytes or not. */
  readonly unfinishedBytes: number;
}

/** An account of another process, as this process knows it. */
interface KnownAccount extends LedgerAccount {
  /** How often in a row the account was missing in the folder. */
  readonly misses: number;
  /** When this process first saw the account in its present state, in milliseconds since 1970. */
  readonly changedAt: number;
}

/**
 * The accounts of all processes that write to a cache. Faults of the ledger are ignored: if a process can't announce its writes,
 * the scans of the other processes find its files.
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
  /** The account in the name of this process's file; `undefined` if it has no file. */
  #announced: LedgerAccount | undefined;
  #touchedAt = 0;
  /** When the accounts that `open` finds were last touched, by id. */
  #touchedTimes: ReadonlyMap<string, number> = new Map();

  /** Creates the ledger, without reading or creating a file yet. */
  constructor({ files, root, maxBytes, now }: LedgerOptions) {
    this.#files = files;
    this.#root = root;
    this.#folder = `${root}/${LEDGER_FOLDER}`;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Counts the bytes that this process is about to write. */
  begin(bytes: number): void {
    this.#own = { ...this.#own, begunBytes: this.#own.begunBytes + bytes };
  }

  /** Counts the bytes that it has written, or has failed to write. Announces the end if many announced bytes were unfinished. */
  async end(bytes: number): Promise<void> {
    this.#own = { ...this.#own, doneBytes: this.#own.doneBytes + bytes };
    const { begunBytes = 0, doneBytes = 0 } = this.#announced ?? {};
    if (begunBytes - doneBytes >= this.#stepBytes()) await this.announce();
  }

  /** Counts the bytes that this process has removed. */
  remove(bytes: number): void {
    this.#own = { ...this.#own, removedBytes: this.#own.removedBytes + bytes };
  }

  /**
   * Returns whether this process has enough unannounced writes and removals that it should announce them.
   *
   * @param bytes How many bytes it is about to write.
   */
  isDue(bytes: number): boolean {
    const { begunBytes = 0, removedBytes = 0 } = this.#announced ?? {};
    const begun = Math.max(0, this.#own.begunBytes + bytes - begunBytes);
    return begun + this.#own.removedBytes - removedBytes >= this.#stepBytes();
  }

  /** Reads the accounts for the first time. The caller counts the entries afterwards, so earlier announcements are part of that count. */
  async open(): Promise<LedgerNews> {
    this.#others.clear();
    this.#touchedTimes = await this.sweep();
    const news = await this.news();
    this.#touchedTimes = new Map();
    return news;
  }

  /**
   * Announces what this process has done.
   *
   * @param bytes How many bytes it is about to write.
   */
  async announce(bytes = 0): Promise<void> {
    await this.#turn.run(async () => {
      try {
        if (!await this.#rename(bytes)) await this.#create(bytes);
        await this.#touch(bytes);
      } catch {
        // The next announcement creates another file, even if this one still exists.
        this.#announced = undefined;
      }
    });
  }

  /** Returns the announcements of other processes since the last call. */
  async news(): Promise<LedgerNews> {
    const found = new Map<string, LedgerAccount>();
    for (const name of await this.#list()) {
      const account = parseAccountName(name);
      // A listing during a rename may hold both names of a file.
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

  /** Removes the accounts of processes that have ended, and returns when each account was last touched, by id. */
  async sweep(): Promise<ReadonlyMap<string, number>> {
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

  /** Removes all accounts, so that each process begins a new account. */
  async clear(): Promise<void> {
    await this.#removeAll(async (path) => (await this.#files.info(path))?.kind === "file");
    this.#own = newAccount();
    this.#announced = undefined;
    // Ignore a failure: the folder may hold files of other programs, or accounts that were announced meanwhile.
    if (await this.#isFolder()) await this.#files.removeFolder(this.#folder).catch(() => {});
  }

  /** Returns how many bytes this process may leave unannounced. */
  #stepBytes(): number {
    const processes = Math.max(EXPECTED_PROCESSES, this.#others.size + 1);
    return this.#maxBytes * UNANNOUNCED_FRACTION / processes;
  }

  /** Renames this process's file to its new account; returns `false` if it has no file any more. */
  async #rename(bytes: number): Promise<boolean> {
    const before = this.#announced;
    if (before === undefined) return false;
    const next = laterAccount(this.#next(bytes), before);
    if (await this.#files.rename(this.#pathOf(before), this.#pathOf(next))) {
      this.#announced = next;
      return true;
    }
    // The file is gone. Processes that have read it know that account, so the new account holds only the difference.
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
      // The folder may be a link, which may lead anywhere.
      else if (kind !== "folder") throw new Error(`Cannot keep a ledger in '${path}' as it is no folder`);
    }
    const account = this.#next(bytes);
    await this.#files.create(this.#pathOf(account), new Uint8Array(0));
    this.#announced = account;
    this.#touchedAt = -Infinity;
  }

  /** Touches this process's file to show that the process is alive: once a minute, and when it is about to write much. */
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
      // Accounts that can't be removed do no harm.
    }
  }

  async #list(): Promise<readonly string[]> {
    // If the folder can't be listed, act as if there were no other process.
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
