/**
 * The other name that a file has while it is open.
 *
 * @module
 */

interface Handle {
  close(): Promise<void>;
}

/** A name such as `/proc/self/fd/3`, for as long as the file is open. */
export interface OpenedName extends AsyncDisposable {
  readonly name: string;
}

/**
 * Opens a file, and finds the name that this gives it (proc_pid_fd(5)).
 *
 * @param path The file, which is made if it is missing; without links.
 * @param handle What has it open already.
 */
export async function openedName(path: string, handle?: Handle): Promise<OpenedName> {
  const { open, readdir, readlink } = await import("node:fs/promises");
  const held: Handle = handle ?? await open(path, "a");
  for (const number of await readdir("/proc/self/fd")) {
    const name = `/proc/self/fd/${number}`;
    // One of them was that of the listing.
    if (await readlink(name).catch(() => undefined) !== path) continue;
    return { name, [Symbol.asyncDispose]: () => held.close() };
  }
  await held.close();
  throw new Error(`${path} is not open`);
}
