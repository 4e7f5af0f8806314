/**
 * `slipstream f1`: loads the files of a Formula 1 session.
 *
 * @module
 */

import type { Outcome } from "../client/outcome.ts";
import type { RequestSpec } from "../client/request.ts";
import { isDataNotFoundError, messageOf } from "../errors.ts";
import { sourceError } from "../f1/missing_file.ts";
import { DRIVERS_PATH, fileUrl, lapTimesPath, sessionFolder } from "../f1/path.ts";
import { schemaOf } from "../f1/payload.ts";
import type { EventName } from "../f1/event_names.ts";
import { resolveNames } from "../f1/names.ts";
import { refreshOptions } from "../f1/refresh_options.ts";
import { seasonCache } from "../f1/season_cache.ts";
import { type SessionFile, SessionFiles } from "../f1/session_files.ts";
import { tracingInsights } from "../f1/source.ts";
import type { TracingInsights } from "../f1/tracing_insights.ts";
import { type Flags, readArgs, UsageError } from "./args.ts";
import { warnOfCache } from "./cache_flags.ts";
import { CLIENT_FLAGS, clientFlagOptions } from "./client_flags.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG, helpColumns } from "./command.ts";
import { F1 } from "./command_titles.ts";
import { errorRecord } from "./error_record.ts";
import { F1_CACHE_DETAILS, F1_CACHE_FLAGS, openF1Cache } from "./f1_cache.ts";
import { driverCodes } from "./f1_drivers.ts";
import { eventLines, sessionLines } from "./f1_listing.ts";
import { ndjsonLine } from "./ndjson.ts";
import { openOutputFolder, OUTPUT_FLAGS, runOptions } from "./output_flags.ts";
import type { OutputFolder } from "./output_folder.ts";
import { outputSegments } from "./output_path.ts";
import { Run } from "./run.ts";
import { SeasonNotice } from "./season_notice.ts";
import { parseBaseUrl } from "./values.ts";
import { writeWords } from "./word_wrap.ts";

const FLAGS = {
  laps: { kind: "switch", help: "load the laps of each driver" },
  telemetry: { kind: "switch", help: "load the telemetry of each lap" },
  all: { kind: "switch", help: "load the files of the session, laps and telemetry" },
  driver: {
    kind: "list",
    value: "VER",
    help: "load only this driver's laps and telemetry, also by number or name; may be repeated",
  },
  refresh: {
    kind: "switch",
    help: "ask for files again that are in the cache, and cache those that have changed",
  },
  "base-url": { kind: "list", value: "URL", help: "a mirror to use instead of jsDelivr; may be repeated" },
  ...CLIENT_FLAGS,
  ...F1_CACHE_FLAGS,
  ...OUTPUT_FLAGS,
  ...HELP_FLAG,
} as const;

/** The command `f1`. */
export const f1Command: Command = {
  ...F1,
  operands: "<year> [event] [session]",
  details: [
    "With a year alone it lists the events of that season, and with a year and an event its sessions (2018 to 2026).",
    "Events and sessions have short names: 8, monaco, spa; Q, FP1, race. In other seasons use the names of their folders.",
    "Without --laps, --telemetry and --all it loads only the files of the session itself: drivers, weather, race control and corners.",
    "Files that were never published, such as the telemetry of some laps, are counted, but not as failures.",
    ...F1_CACHE_DETAILS,
  ],
  flags: FLAGS,
  run: f1,
};

async function f1(args: readonly string[], context: CommandContext): Promise<number> {
  const { flags, operands } = readArgs(args, FLAGS);
  const { terminal } = context;
  if (flags.help) {
    await writeWords(terminal.stdout, commandUsage(f1Command, helpColumns(terminal.stdout)));
    return 0;
  }
  const operand = parseOperands(operands);
  const clientOptions = clientFlagOptions(flags);
  const baseUrls = mirrorsOf(flags);
  if (!("folder" in operand)) return await list(operand, flags, context);
  const session = operand;
  checkDrivers(flags);
  if (flags.refresh && flags["no-cache"]) {
    throw new UsageError("'--refresh' and '--no-cache' exclude each other");
  }
  const { fetch, clock } = context;
  const cache = openF1Cache(flags, { fetch, clock, baseUrls });
  await using folder = await openOutputFolder(flags, terminal);

  using run = new Run(context, { ...runOptions(flags), summary: true });
  await using source = tracingInsights({
    ...clientOptions,
    baseUrls,
    cache: cache === undefined ? false : seasonCache(cache.adapter),
    fetch,
    clock,
  });
  using _warnings = cache && warnOfCache(source.client, (text) => run.warn(text));
  const url = `${source.mirrors.list()[0]!.url}/${session.folder}`;
  const notice = cache && new SeasonNotice(cache, { year: session.names[0]!, url, nowMs: clock.wallNow() });
  const drivers = await driversOf(source, session, flags, run);
  if (drivers === undefined) return await run.finish();
  const isNoted = notice !== undefined && await notice.isDue() && await run.note(notice.text);
  run.start(() => source.client.stats());
  const load = new SessionLoad(session, sessionFiles(flags, drivers), run, folder);
  const options = flags.refresh ? refreshOptions({}) : {};
  for await (const outcome of source.client.stream(load.requests(), options)) await load.settle(outcome);
  // Closing the source waits until the cache has written all files to disk.
  await source.close();
  if (isNoted) await notice.remember();
  return await run.finish();
}

function mirrorsOf({ "base-url": texts }: Flags<typeof FLAGS>): readonly URL[] | undefined {
  return texts.length === 0 ? undefined : texts.map((text) => parseBaseUrl("base-url", text));
}

/** The session to load. */
interface Session {
  /** The year and the names of the folders. */
  readonly names: readonly string[];
  /** The folder of its files, below a mirror's base URL. */
  readonly folder: string;
}

/** A season whose events to list, or an event whose sessions to list. */
interface Listing {
  readonly year: number;
  readonly event: EventName | undefined;
}

function parseOperands(operands: readonly string[]): Session | Listing {
  const [year, event, name, ...rest] = operands;
  if (year === undefined || rest.length > 0) {
    throw new UsageError(
      `'f1' takes a year, an event and a session, or less to list them: received ${operands.length} of them`,
    );
  }
  if (!/^\d{4}$/.test(year)) {
    throw new UsageError(`The year must be a number of four digits: received ${JSON.stringify(year)}`);
  }
  if (event === undefined || name === undefined) {
    return { year: Number(year), event: event === undefined ? undefined : nameOrNumber(event) };
  }
  return asUsage(() => {
    const names = resolveNames(Number(year), nameOrNumber(event), nameOrNumber(name));
    const folder = sessionFolder(Number(year), names.event, names.session);
    return { names: [year, names.event, names.session], folder };
  });
}

/** Lists the events of a season, or the sessions of an event. */
async function list(
  { year, event }: Listing,
  { laps, telemetry, all, driver, refresh, out, ndjson }: Flags<typeof FLAGS>,
  { terminal }: CommandContext,
): Promise<number> {
  if (laps || telemetry || all || refresh || ndjson || driver.length > 0 || out !== undefined) {
    throw new UsageError("'f1' needs a year, an event and a session to load something");
  }
  const lines = asUsage(() => event === undefined ? eventLines(year) : sessionLines(year, event));
  await writeWords(terminal.stdout, lines.map((line) => `${line}\n`).join(""));
  return 0;
}

function nameOrNumber(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function checkDrivers({ laps, telemetry, all, driver }: Flags<typeof FLAGS>): void {
  if (driver.length > 0 && !laps && !telemetry && !all) {
    throw new UsageError("'--driver' needs '--laps', '--telemetry' or '--all'");
  }
  for (const text of driver) asUsage(() => lapTimesPath(text));
}

/** Returns the codes of the drivers in `--driver`; `undefined` if they could not be looked up. */
async function driversOf(
  source: TracingInsights,
  { names: [year, event = "", name = ""] }: Session,
  { driver: texts, refresh }: Flags<typeof FLAGS>,
  run: Run,
): Promise<readonly string[] | undefined> {
  const { signal } = run;
  try {
    const session = source.session(Number(year), event, name);
    return await driverCodes(session, texts, refresh ? refreshOptions({ signal }) : { signal });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (!run.isStop(error)) await run.fail({ error, where: DRIVERS_PATH, subject: DRIVERS_PATH });
    return undefined;
  }
}

function sessionFiles(
  { laps, telemetry, all }: Flags<typeof FLAGS>,
  drivers: readonly string[],
): SessionFiles {
  return new SessionFiles({
    session: all || !laps && !telemetry,
    laps: laps || all,
    telemetry: telemetry || all,
    drivers,
  });
}

/** Turns the F1 source's error about an argument into a usage error. */
function asUsage<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw new UsageError(messageOf(cause), { cause });
  }
}

/** The load of a session: it requests the files, and writes and counts their outcomes. */
class SessionLoad {
  readonly #session: Session;
  readonly #files: SessionFiles;
  readonly #run: Run;
  readonly #folder: OutputFolder | undefined;
  readonly #underWay = new Map<number, SessionFile>();
  #given = 0;

  constructor(session: Session, files: SessionFiles, run: Run, folder: OutputFolder | undefined) {
    this.#session = session;
    this.#files = files;
    this.#run = run;
    this.#folder = folder;
  }

  /** Yields the requests. Which files exist becomes known only while others arrive, so that it may have to wait for them. */
  async *requests(): AsyncIterableIterator<RequestSpec> {
    const { signal } = this.#run;
    for (
      let file = await this.#files.next(signal);
      file !== undefined;
      file = await this.#files.next(signal)
    ) {
      this.#underWay.set(this.#given++, file);
      yield { url: fileUrl(this.#session.folder, file.path), schema: schemaOf(file.path), signal };
    }
  }

  async settle(received: Outcome<unknown>): Promise<void> {
    const outcome = received.ok ? received : { ...received, error: sourceError(received.error) };
    const file = this.#underWay.get(outcome.index);
    this.#underWay.delete(outcome.index);
    if (file === undefined) return;
    const problems = this.#files.settle(file, outcome.ok ? outcome.value : undefined);
    if (!outcome.ok && this.#run.isStop(outcome.error)) return;
    this.#run.total = this.#files.total;
    try {
      if (file.wanted) await this.#put(file, outcome);
      await this.#count(file, outcome);
    } catch (error) {
      // The payload arrived but could not be written, which counts as a failure of the file.
      if (!this.#run.isStop(error)) await this.#fail(file, error);
    }
    for (const problem of problems) await this.#fail(file, problem);
  }

  async #count(file: SessionFile, outcome: Outcome<unknown>): Promise<void> {
    if (outcome.ok) this.#run.succeeded++;
    else if (isDataNotFoundError(outcome.error) && !file.required) {
      this.#run.missing++;
    } else await this.#fail(file, outcome.error);
  }

  async #put({ path }: SessionFile, outcome: Outcome<unknown>): Promise<void> {
    if (this.#folder !== undefined) {
      if (!outcome.ok) return;
      const names = outputSegments([...this.#session.names, ...path.split("/")]);
      return await this.#folder.write(names, new TextEncoder().encode(JSON.stringify(outcome.value)));
    }
    const { attempts } = outcome;
    const durationMs = Math.round(outcome.durationMs * 10) / 10;
    await this.#run.put(
      outcome.ok
        ? ndjsonLine({ path, ok: true, from: outcome.from, attempts, durationMs, value: outcome.value })
        : ndjsonLine({ path, ok: false, attempts, durationMs, error: errorRecord(outcome.error) }),
    );
  }

  async #fail({ path }: SessionFile, error: unknown): Promise<void> {
    await this.#run.fail({ error, where: path, subject: path });
  }
}
