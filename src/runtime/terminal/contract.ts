/**
 * The arguments, streams, files and signals that a command-line program needs of a runtime.
 *
 * @module
 */

/** One of the two output streams. */
export interface TerminalOutput {
  /** Whether the stream goes to a terminal, and not to a file or another program. */
  readonly isTerminal: boolean;
  /** Returns the width in columns; 80 if it is unknown. */
  columns(): number;
  /**
   * Writes all of the data, after all earlier writes.
   *
   * @param data Text (as UTF-8) or bytes.
   * @returns `false` once the reader has closed the stream: then this call and all later ones write nothing.
   * @throws {Error} If the data can't be written for another reason, such as a full disk.
   */
  write(data: string | Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** The kind of an entry at a path; `link` is a symbolic link that was not followed. */
export type FileKind = "file" | "folder" | "link" | "other";

/**
 * A signal that asks a program to end: from Ctrl-C (SIGINT), from `kill` and service managers (SIGTERM), or because the terminal
 * was closed (SIGHUP).
 */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** A file that is open for appending. */
export interface FileWriter {
  /** Writes all of the bytes at the end of the file; one call at a time. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Closes the file; all bytes written so far stay. */
  close(): Promise<void>;
}

/** Files and folders. */
export interface TerminalFiles {
  /**
   * Reads the lines of a text file, as fast as the consumer asks for them: UTF-8, or UTF-16 with a byte order mark.
   *
   * @param path The file.
   * @param signal Ends the lines early, without an error.
   * @throws {Error} If the file can't be read.
   */
  lines(path: string, signal: AbortSignal): AsyncIterableIterator<string>;
  /**
   * Returns the kind of the entry at a path; `undefined` if there is none.
   *
   * @param path The path.
   * @param options `follow` asks for the target of a link. For a name of an open file, such as `/dev/stdout`, that is always
   * `other`. With `prompts: false`, it is `other` too where the runtime would have to ask the user for a permission.
   */
  kind(
    path: string,
    options?: { readonly follow?: boolean | undefined; readonly prompts?: boolean | undefined },
  ): Promise<FileKind | undefined>;
  /** Returns the names of the entries in a folder, in any order. */
  names(path: string): Promise<readonly string[]>;
  /** Returns the absolute path without symbolic links. */
  realPath(path: string): Promise<string>;
  /** Creates a folder, and with `recursive` all folders above it; resolves also if the path exists. */
  makeFolder(path: string, options?: { readonly recursive?: boolean | undefined }): Promise<void>;
  /** Writes a new file; rejects if the path exists, even as a symbolic link. */
  createFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Opens a file to write at its end.
   *
   * @param path The file.
   * @param mode `new` rejects if the path exists, even as a symbolic link; `append` creates the file if there is none.
   */
  open(path: string, mode: "new" | "append"): Promise<FileWriter>;
  /** Reads a file, as fast as the consumer asks for it. A consumer that stops early closes the file. */
  read(path: string): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Returns the size of a file in bytes; `undefined` if there is none. */
  size(path: string): Promise<number | undefined>;
  /** Truncates a file to a number of bytes. */
  truncate(path: string, bytes: number): Promise<void>;
  /** Renames a file, and replaces a file or link of that name. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or link; resolves also if there is none. */
  remove(path: string): Promise<void>;
  /** Removes an empty folder; rejects if it is not empty, or no folder. */
  removeFolder(path: string): Promise<void>;
}

/** The terminal, the arguments and the files of a command-line program. */
export interface Terminal {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** The stream for data. */
  readonly stdout: TerminalOutput;
  /** The stream for messages to people. */
  readonly stderr: TerminalOutput;
  /** Whether the environment asks for no colours (https://no-color.org), or the terminal has none. */
  readonly noColor: boolean;
  /** Whether the terminal knows no escape sequences (`TERM=dumb`), so that a line can't be redrawn; `undefined` for `false`. */
  readonly isDumb?: boolean | undefined;
  /** Files and folders. */
  readonly files: TerminalFiles;
  /**
   * Reads the lines of standard input, as fast as the consumer asks for them.
   *
   * @param signal Ends the lines early, without an error.
   */
  stdinLines(signal: AbortSignal): AsyncIterableIterator<string>;
  /** Reads all bytes of standard input. */
  stdinBytes(): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /**
   * Calls `listener` at every Ctrl-C (SIGINT), SIGTERM and SIGHUP, which then no longer end the program. It reports SIGHUP only
   * once. It does not report SIGHUP if the process was started to ignore it, as by `nohup`, or where that is unknown.
   *
   * @returns Disposing it restores the runtime's own behaviour.
   */
  onInterrupt(listener: (signal: EndSignal) => void): Disposable;
  /** Returns how many files and sockets the process may have open at once; `undefined` if that is unknown. */
  descriptorLimit(): Promise<number | undefined>;
  /**
   * Keeps requests to a host away from the proxy that the environment may name. It works only before the first request of the
   * program, because runtimes read the environment once, and only where the program may change the environment.
   */
  bypassProxy(host: string): void;
  /** Ends the program at once. */
  exit(code: number): never;
}
