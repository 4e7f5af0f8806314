/**
 * The flags for the output of `get`, and the sink that they choose.
 *
 * @module
 */

import { currentDisk } from "../runtime/disk/current.ts";
import type { FileKind, FileWriter, Terminal } from "../runtime/terminal/contract.ts";
import { type Flags, UsageError } from "./args.ts";
import { bodySink } from "./body_sink.ts";
import { errorLine, oneLine } from "./error_record.ts";
import { FileSink } from "./file_sink.ts";
import { formatCount } from "./format.ts";
import { LineFile } from "./line_file.ts";
import { manifestFile, ManifestWriter } from "./manifest.ts";
import { NdjsonSink } from "./ndjson_sink.ts";
import { openOutputFolder, type OUTPUT_FLAGS } from "./output_flags.ts";
import { OutputFolder } from "./output_folder.ts";
import { PathPlan } from "./path_plan.ts";
import type { Run } from "./run.ts";
import type { Sink } from "./sink.ts";

/** Flags for the output of `get`, besides those that every command has. */
export const GET_OUTPUT_FLAGS = {
  output: {
    kind: "value",
    short: "o",
    dash: true,
    value: "FILE",
    help: "write into FILE instead of to stdout",
  },
  manifest: { kind: "value", value: "FILE", help: "list the files of --out, with sizes and SHA-256" },
  resume: { kind: "switch", help: "skip files that are there, continue unfinished ones" },
  include: { kind: "switch", short: "i", help: "write status and headers too" },
  "fail-with-body": { kind: "switch", help: "write the bodies of error responses too" },
  ordered: { kind: "switch", help: "write the lines in the order of the URLs" },
} as const;

/** The values of the output flags. */
export type GetOutputFlags = Flags<typeof GET_OUTPUT_FLAGS & typeof OUTPUT_FLAGS>;

/** Options of {@linkcode openGetOutput}. */
export interface GetOutputOptions {
  readonly terminal: Terminal;
  readonly run: Run;
  /** Whether the only operand is a URL. */
  readonly isSingle: boolean;
}

/** The sink of a run, and the files that it has open: disposing it closes them. */
export interface GetOutput extends AsyncDisposable {
  readonly sink: Sink;
}

/**
 * Opens the output that the flags ask for.
 *
 * @param flags The values of the flags.
 * @param options The terminal, the run, and whether there is only one URL.
 * @throws {UsageError} If flags exclude each other, or an output can't be written.
 */
export async function openGetOutput(flags: GetOutputFlags, options: GetOutputOptions): Promise<GetOutput> {
  checkFlags(flags, options);
  const { terminal, run, isSingle } = options;
  const { include, ordered, resume } = flags;
  const file = flags.output === "-" ? undefined : flags.output;
  if (file !== undefined && isSingle && !flags.ndjson) {
    const kind = await kindOf(file, terminal);
    if (kind === "folder") throw folderError(file);
    if (kind === "other") return await openSpecial(file, flags, terminal);
  }
  if (flags.out !== undefined || file !== undefined && isSingle && !flags.ndjson) {
    return await openFiles(flags, file, options);
  }
  if (isSingle && !flags.ndjson) {
    const put: Put = (data) => run.put(data);
    const isShown = terminal.stdout.isTerminal && flags.output === undefined;
    return { sink: bodySink({ put: isShown ? textOnly(put) : put, include }), ...NOTHING_OPEN };
  }
  if (file === undefined) {
    return { sink: new NdjsonSink({ write: (line) => run.put(line), include, ordered }), ...NOTHING_OPEN };
  }
  const lines: { file?: LineFile } = {};
  const write = (line: string): Promise<void> => run.keep(file, () => lines.file!.write(line));
  const sink = new NdjsonSink({ write, include, ordered });
  lines.file = await LineFile.open(
    "output",
    file,
    terminal.files,
    resume ? { begin: '{"index":', onLine: (line) => sink.note(line) } : undefined,
  );
  return { sink, [Symbol.asyncDispose]: () => lines.file![Symbol.asyncDispose]() };
}

const NOTHING_OPEN: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

function checkFlags(flags: GetOutputFlags, { isSingle }: GetOutputOptions): void {
  const { out, output, ndjson, resume, manifest, include, ordered } = flags;
  if (out !== undefined && output !== undefined) {
    throw new UsageError("'--out' and '--output' exclude each other");
  }
  if (out !== undefined && ndjson) throw new UsageError("'--out' and '--ndjson' exclude each other");
  const hasFile = output !== undefined && output !== "-";
  if (hasFile && !isSingle && !ndjson) {
    throw new UsageError(
      "'--output' takes one URL, or several with '--ndjson'; '--out DIR' gives each a file",
    );
  }
  if (resume && out === undefined && !hasFile) throw new UsageError("'--resume' needs '--out' or '--output'");
  if (manifest !== undefined && out === undefined) throw new UsageError("'--manifest' needs '--out'");
  if (resume && flags["fail-with-body"] && !ndjson) {
    // Later runs would take the file with the body of an error for a finished one.
    throw new UsageError("'--resume' and '--fail-with-body' exclude each other, but for lines of JSON");
  }
  const isFile = out !== undefined || hasFile && !ndjson;
  if (include && isFile) throw new UsageError("'--include' is for stdout and lines of JSON");
  // On stdout it may have no effect either: a script may give several URLs or one.
  if (ordered && isFile) {
    throw new UsageError(
      `'--ordered' and '--${out === undefined ? "output" : "out"}' exclude each other, but for lines of JSON`,
    );
  }
}

async function openFiles(
  flags: GetOutputFlags,
  file: string | undefined,
  options: GetOutputOptions,
): Promise<GetOutput> {
  const { terminal, run } = options;
  const { files } = terminal;
  const { resume } = flags;
  const [parent, name] = file === undefined ? [] : split(file);
  const folder = parent === undefined
    ? await openOutputFolder(flags, terminal)
    : await openParent(parent, terminal);
  if (folder === undefined) throw new UsageError("'--out' needs a value");
  let manifest: Manifest | undefined;
  const close = async (): Promise<void> => {
    await manifest?.file[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  };
  try {
    manifest = await openManifest(flags, folder, options);
    const plan = name === undefined ? new PathPlan(await tellsCase(folder), manifest?.names) : undefined;
    const pathOf: (job: Parameters<PathPlan["pathOf"]>[0]) => readonly string[] = plan === undefined
      ? () => [name!]
      : (job) => plan.pathOf(job);
    // Other programs write unfinished files under the name of `--output`, but hardly under a name that a URL determines.
    const onOtherLength = name === undefined
      ? undefined
      : (path: string, bytes: number, length: number) =>
        run.warn(
          `${oneLine(path)} has ${formatCount(bytes)} bytes, and ${formatCount(length)} on the server: ` +
            "it is fetched anew",
        );
    const sink = new FileSink({ folder, files, resume, pathOf, onOtherLength, manifest: manifest?.writer });
    return { sink, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Put = (data: string | Uint8Array<ArrayBuffer>) => Promise<void>;

/** Refuses a body whose first bytes are not text, because a terminal may take some of them for commands. */
function textOnly(put: Put): Put {
  let isText = false;
  return async (data) => {
    if (typeof data !== "string" && !isText) {
      if (data.includes(0)) {
        throw new TypeError(
          "Cannot show a binary body on a terminal: '--output FILE' keeps it, and '--output -' shows it all the same",
        );
      }
      isText = data.length > 0;
    }
    await put(data);
  };
}

/** Returns what a path leads to; `other` is a device, a pipe, or a file that is open already, such as `/dev/stdout`. */
async function kindOf(path: string, { files }: Terminal): Promise<FileKind | undefined> {
  // If the path can't be examined, opening it fails as well, and that error is reported.
  return await files.kind(path, { follow: true }).catch(() => undefined);
}

function folderError(path: string): UsageError {
  return new UsageError(
    `'--output' must be a file, and '--out' is for a folder: received ${JSON.stringify(path)}`,
  );
}

/** Opens a device or a pipe and writes to it directly, because a finished file must not replace it. */
async function openSpecial(
  path: string,
  { include, resume }: GetOutputFlags,
  { files }: Terminal,
): Promise<GetOutput> {
  if (resume) throw new UsageError("'--resume' needs a file: '--output' is a device or a pipe");
  let writer: FileWriter;
  try {
    writer = await files.open(path, "append");
  } catch (cause) {
    throw new UsageError(`'--output' must be a file that can be written: ${errorLine(cause)}`, { cause });
  }
  const encoder = new TextEncoder();
  const put = (data: string | Uint8Array<ArrayBuffer>): Promise<void> =>
    writer.write(typeof data === "string" ? encoder.encode(data) : data);
  return { sink: bodySink({ put, include }), [Symbol.asyncDispose]: () => writer.close() };
}

/** Returns whether a folder tells `A` from `a`. A folder that can't be written into fails here at the latest. */
async function tellsCase(folder: OutputFolder): Promise<boolean> {
  try {
    return await folder.isCaseSensitive();
  } catch (cause) {
    throw new UsageError(`'--out' must be a folder that can be written into: ${errorLine(cause)}`, { cause });
  }
}

interface Manifest {
  readonly file: LineFile;
  readonly writer: ManifestWriter;
  /** The path of the manifest below the output folder, if it is in there. */
  readonly names: readonly string[] | undefined;
}

async function openManifest(
  { manifest, resume }: GetOutputFlags,
  folder: OutputFolder,
  { terminal: { files }, run }: GetOutputOptions,
): Promise<Manifest | undefined> {
  if (manifest === undefined) return undefined;
  // Later jobs ask for the files only with `--resume`.
  const known = resume ? new Set<string>() : undefined;
  const onLine = (line: string): void => void known?.add(manifestFile(line));
  const file = await LineFile.open(
    "manifest",
    manifest,
    files,
    resume ? { begin: '{"url":', onLine } : undefined,
  );
  const write = (line: string): Promise<void> => run.keep(manifest, () => file.write(line));
  // A pipe has no real path.
  const path = await files.realPath(manifest).catch(() => undefined);
  const names = path === undefined ? undefined : folder.namesOf(path);
  return { file, writer: new ManifestWriter(write, known), names };
}

function split(path: string): readonly [parent: string, name: string] {
  const { folder, name } = currentDisk().resolve(path);
  // Resolving a path drops a slash or dots at its end, which only the path of a folder has.
  if (name === "" || !path.endsWith(name)) throw folderError(path);
  return [folder, name];
}

async function openParent(parent: string, { files }: Terminal): Promise<OutputFolder> {
  try {
    return await OutputFolder.open(parent, files);
  } catch (cause) {
    throw new UsageError(`'--output' must be a file that can be written: ${errorLine(cause)}`, { cause });
  }
}
