/**
 * Finds the second name that a file has while it is open.
 *
 * @module
 */

interface Handle {
  close(): Promise<void>;
}

/** A name such as `/proc/self/fd/3`, which is valid while the file is open; disposing of it closes the file. */
export interface OpenedName extends AsyncDisposable {
  readonly name: string;
}

/**
 * Opens a file, and finds its name in `/proc/self/fd` (proc_pid_fd(5)).
 *
 * @param path The file, without symbolic links in its path. If it is missing, it is created.
 * @param handle A handle of the file, if it is already open.
 */
export async function openedName(path: string, handle?: Handle): Promise<OpenedName> {
  const { open, readdir, readlink } = await import("node:fs/promises");
  const held: Handle = handle ?? await open(path, "a");
  for (const number of await readdir("/proc/self/fd")) {
    const name = `/proc/self/fd/${number}`;
    // The descriptor of the listing itself is closed by now, so `readlink` may fail.
    if (await readlink(name).catch(() => undefined) !== path) continue;
    return { name, [Symbol.asyncDispose]: () => held.close() };
  }
  await held.close();
  throw new Error(`${path} is not open`);
}
