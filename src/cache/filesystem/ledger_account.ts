/**
 * What a process has written to a cache and removed from it, as the name of a file.
 *
 * @module
 */

/** What one process has done since it began, in bytes; no number ever falls. */
export interface LedgerAccount {
  /** A UUID. */
  readonly id: string;
  /** How much it has written, is writing, or is about to write. */
  readonly begunBytes: number;
  /** How much of that is done. */
  readonly doneBytes: number;
  /** How much it has removed. */
  readonly removedBytes: number;
}

/** An account of a process that has done nothing yet. */
export function newAccount(): LedgerAccount {
  return { id: crypto.randomUUID(), begunBytes: 0, doneBytes: 0, removedBytes: 0 };
}

/** The later of two accounts of a process: each number is the larger one. */
export function laterAccount(account: LedgerAccount, other: LedgerAccount = account): LedgerAccount {
  return {
    id: account.id,
    begunBytes: Math.max(account.begunBytes, other.begunBytes),
    doneBytes: Math.max(account.doneBytes, other.doneBytes),
    removedBytes: Math.max(account.removedBytes, other.removedBytes),
  };
}

/** The name of an account's file. */
export function accountName({ id, begunBytes, doneBytes, removedBytes }: LedgerAccount): string {
  return `${id}-${begunBytes}-${doneBytes}-${removedBytes}`;
}

/**
 * The account that a file stands for.
 *
 * @param name The file's name.
 * @returns The account; `undefined` when the file is something else.
 */
export function parseAccountName(name: string): LedgerAccount | undefined {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,15})-(\d{1,15})-(\d{1,15})$/.exec(name);
  if (match === null) return undefined;
  const [begunBytes, doneBytes, removedBytes] = match.slice(2).map(Number) as [number, number, number];
  return { id: match[1]!, begunBytes, doneBytes, removedBytes };
}
