/**
 * What a command-line program needs of the runtime it runs on: arguments, streams, files and Ctrl-C.
 *
 * @module
 */

/** One of the two output streams. */
export interface TerminalOutput {
  /** Whether a person looks at it, as opposed to a file or another program. */
  readonly isTerminal: boolean;
  /** How wide it is, in columns; 80 when that is unknown. */
  columns(): number;
  /**
   * Writes all of the data, after everything that was written before.
   *
   * @param data Text (as UTF-8) or bytes.
   * @returns `false` once the reader has closed the stream: nothing is written then, now and later.
   * @throws {Error} If it can't be written for another reason, such as a full disk.
   */
  write(data: string | Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** What is at a path; `link` is a symbolic one that was not followed. */
export type FileKind = "file" | "folder" | "link" | "other";

/** A signal that asks a program to end: Ctrl-C, what `kill` and service managers send, and a terminal that was closed. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** A file that grows. */
export interface FileWriter {
  /** Writes all of the bytes at the end; one call at a time. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Closes the file; what was written stays. */
  close(): Promise<void>;
}

/** Files and folders. */
export interface TerminalFiles {
  /**
   * The lines of a text file, read as they are asked for.
   *
   * @param path The file.
   * @param signal Ends the lines early, without an error.
   * @throws {Error} If it can't be read.
   */
  lines(path: string, signal: AbortSignal): AsyncIterableIterator<string>;
  /**
   * What is there; `undefined` for nothing.
   *
   * @param path The path.
   * @param options `follow` asks for what links lead to: `other` for a name of an open file, such as `/dev/stdout`, whatever that is.
   */
  kind(
    path: string,
    options?: { readonly follow?: boolean | undefined },
  ): Promise<FileKind | undefined>;
  /** The names of what is in a folder, in any order. */
  names(path: string): Promise<readonly string[]>;
  /** The absolute path without symbolic links. */
  realPath(path: string): Promise<string>;
  /** Makes a folder, and those above it if `recursive`; fine if there is something of that name already. */
  makeFolder(path: string, options?: { readonly recursive?: boolean | undefined }): Promise<void>;
  /** Writes a new file; fails if there is something of that name, a symbolic link included. */
  createFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Opens a file to write at its end.
   *
   * @param path The file.
   * @param mode `new` fails if there is something of that name, a symbolic link included; `append` makes the file if there is none.
   */
  open(path: string, mode: "new" | "append"): Promise<FileWriter>;
  /** What is in a file, read as it is asked for; a consumer that stops early closes it. */
  read(path: string): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** The length of a file, in bytes; `undefined` where there is none. */
  size(path: string): Promise<number | undefined>;
  /** Cuts a file to so many bytes. */
  truncate(path: string, bytes: number): Promise<void>;
  /** Gives a file another name, in place of the file or link that has it. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or link; fine if there is none. */
  remove(path: string): Promise<void>;
}

/** The terminal, the arguments and the files of a command-line program. */
export interface Terminal {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** For data. */
  readonly stdout: TerminalOutput;
  /** For people. */
  readonly stderr: TerminalOutput;
  /** Whether the environment asks for no colours (https://no-color.org), or has a terminal that knows none. */
  readonly noColor: boolean;
  /** Whether the terminal knows no escape sequences (`TERM=dumb`), so that nothing can be drawn over; `undefined` for `false`. */
  readonly isDumb?: boolean | undefined;
  /** Files and folders. */
  readonly files: TerminalFiles;
  /**
   * The lines of the standard input, read as they are asked for.
   *
   * @param signal Ends the lines early, without an error.
   */
  stdinLines(signal: AbortSignal): AsyncIterableIterator<string>;
  /** What is on the standard input, to its end. */
  stdinBytes(): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /**
   * Calls `listener` at every Ctrl-C (SIGINT), SIGTERM and SIGHUP, which then no longer end the program. SIGHUP is told of once,
   * and not where the process was started to ignore it, as `nohup` does, or where that is unknown.
   *
   * @returns Disposing it brings the runtime's own behaviour back.
   */
  onInterrupt(listener: (signal: EndSignal) => void): Disposable;
  /** How many files and sockets the process may have open at once; `undefined` when that is unknown. */
  descriptorLimit(): Promise<number | undefined>;
  /**
   * Keeps requests to a host away from the proxy that the environment may name. It works before the first request of the
   * program, as runtimes look at the environment once, and only where the program may change it.
   */
  bypassProxy(host: string): void;
  /** Ends the program at once. */
  exit(code: number): never;
}
