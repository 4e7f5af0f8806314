/**
 * The account of a process in the ledger, as the name of a file.
 *
 * @module
 */

/** The account of what one process has done since it began, in bytes. No number in it ever falls. */
export interface LedgerAccount {
  /** The UUID of the account. */
  readonly id: string;
  /** How many bytes the process has written, is writing, or is about to write. */
  readonly begunBytes: number;
  /** How many bytes of `begunBytes` are done: written, or failed. */
  readonly doneBytes: number;
  /** How many bytes the process has removed. */
  readonly removedBytes: number;
}

/** Creates the account of a process that has done nothing yet. */
export function newAccount(): LedgerAccount {
  return { id: crypto.randomUUID(), begunBytes: 0, doneBytes: 0, removedBytes: 0 };
}

/** Returns the later of two states of an account, in which each number is the larger one. */
export function laterAccount(account: LedgerAccount, other: LedgerAccount = account): LedgerAccount {
  return {
    id: account.id,
    begunBytes: Math.max(account.begunBytes, other.begunBytes),
    doneBytes: Math.max(account.doneBytes, other.doneBytes),
    removedBytes: Math.max(account.removedBytes, other.removedBytes),
  };
}

/** Returns the name of an account's file. */
export function accountName({ id, begunBytes, doneBytes, removedBytes }: LedgerAccount): string {
  return `${id}-${begunBytes}-${doneBytes}-${removedBytes}`;
}

/**
 * Parses the account in a file's name.
 *
 * @param name The file's name.
 * @returns The account; `undefined` if the file is no account.
 */
export function parseAccountName(name: string): LedgerAccount | undefined {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,15})-(\d{1,15})-(\d{1,15})$/.exec(name);
  if (match === null) return undefined;
  const [begunBytes, doneBytes, removedBytes] = match.slice(2).map(Number) as [number, number, number];
  return { id: match[1]!, begunBytes, doneBytes, removedBytes };
}
