/**
 * `slipstream get`: fetches URLs in parallel.
 *
 * @module
 */

import { createClient } from "../client/create_client.ts";
import { httpCache } from "../http_cache/http_cache.ts";
import { currentRuntime } from "../runtime/current.ts";
import { createTransport, type Transport } from "../transport/transport.ts";
import { type ParsedArgs, readArgs } from "./args.ts";
import { CACHE_DETAIL, CACHE_FLAGS, openCache, warnOfCache } from "./cache_flags.ts";
import { CLIENT_FLAGS, type ClientFlagOptions, clientFlagOptions, onOpenFlag } from "./client_flags.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG, helpColumns } from "./command.ts";
import { fitCapacity } from "./capacity.ts";
import { eventText } from "./event_text.ts";
import { runGetJobs } from "./get_jobs.ts";
import { GET_OUTPUT_FLAGS, openGetOutput } from "./get_output.ts";
import { checkOperands, checkWritten, isSingleUrl, knownTotal, readInputs } from "./inputs.ts";
import { OUTPUT_FLAGS, runOptions } from "./output_flags.ts";
import { REQUEST_FLAGS, requestFlagParts } from "./request_flags.ts";
import type { RequestParts } from "./request_parts.ts";
import { Run } from "./run.ts";
import { optional, parseBaseUrl, parseDuration } from "./values.ts";
import { writeWords } from "./word_wrap.ts";

const FLAGS = {
  ...REQUEST_FLAGS,
  ...OUTPUT_FLAGS,
  ...GET_OUTPUT_FLAGS,
  ...CLIENT_FLAGS,
  "total-timeout": { kind: "value", value: "TIME", help: "how long one URL may take in all (no limit)" },
  "base-url": { kind: "list", value: "URL", help: "what relative URLs are below; several are mirrors" },
  ...CACHE_FLAGS,
  verbose: { kind: "switch", short: "v", help: "say what is sent, and why it is sent again" },
  ...HELP_FLAG,
} as const;

const DEFAULT_CONCURRENCY = 20;

/** The command `get`. */
export const getCommand: Command = {
  name: "get",
  operands: "<url…|-|@file>",
  summary: "Fetches URLs in parallel",
  details: [
    "URLs are arguments, or the lines of a file (@urls.txt) or of stdin (-). One URL goes to stdout as it is; several become lines of JSON (--ndjson). Without a scheme it is http for this machine, and https for every other. Of [1-3] and {a,b} nothing is made: that is left to the shell.",
    'A line may be in quotes, as jq writes it, or be a request in JSON: {"url":…,"method":…,"headers":…,"body":…,"out":…}. In a file, indented lines below a URL belong to it: header=Name: value, method=PUT, data=text, json={…}, out=path/in/DIR.',
    "Times are seconds, or have a unit: 5, 250ms, 2min. --timeout is for a whole attempt where its answer becomes a line of JSON. A body that is written as it comes may take longer: there it is for the head, and for each wait for more of the body.",
    "With --cache the servers say for how long an answer is good; requests with credentials are left out. " +
    CACHE_DETAIL,
  ],
  flags: FLAGS,
  run: get,
};

async function get(args: readonly string[], context: CommandContext): Promise<number> {
  const { flags, operands } = readArgs(args, FLAGS);
  const { terminal } = context;
  if (flags.help) {
    await writeWords(terminal.stdout, commandUsage(getCommand, helpColumns(terminal.stdout)));
    return 0;
  }
  const clientOptions = clientFlagOptions(flags);
  const totalTimeoutMs = optional("total-timeout", flags["total-timeout"], parseDuration);
  const baseUrls = flags["base-url"].map((text) => parseBaseUrl("base-url", text));
  await checkOperands(operands, terminal);
  const { output, manifest } = flags;
  await checkWritten(operands, { output, manifest }, terminal);
  const parts = await requestFlagParts(flags, terminal, operands.includes("-"));
  return await fetchAll({ flags, operands, clientOptions, totalTimeoutMs, baseUrls, parts }, context);
}

/** Everything that was asked for, read and checked. */
interface GetOrder extends ParsedArgs<typeof FLAGS> {
  readonly clientOptions: ClientFlagOptions;
  readonly totalTimeoutMs: number | undefined;
  readonly baseUrls: readonly URL[];
  readonly parts: RequestParts;
}

/** Fetches everything; gives the exit code. */
async function fetchAll(
  { flags, operands, clientOptions, totalTimeoutMs, baseUrls, parts }: GetOrder,
  context: CommandContext,
): Promise<number> {
  const { terminal, clock } = context;
  const adapter = openCache(flags, clock);
  const isSingle = isSingleUrl(operands);

  using run = new Run(context, {
    ...runOptions(flags),
    dataOnStdout: !isToFile(flags),
    summary: !isSingle || isToFile(flags),
  });
  await using output = await openGetOutput(flags, { terminal, run, isSingle });
  await using transport = transportFor(context);
  const { concurrency, warning } = fitCapacity(clientOptions.concurrency ?? DEFAULT_CONCURRENCY, {
    descriptors: await terminal.descriptorLimit(),
    requests: currentRuntime.maxConcurrentRequests,
    writesFiles: flags.out !== undefined,
  });
  if (warning !== undefined) await run.warn(warning);
  await using client = createClient({
    ...clientOptions,
    concurrency,
    baseUrls: baseUrls.length === 0 ? undefined : baseUrls,
    cache: adapter && httpCache(adapter),
    fetch: context.fetch,
    transport,
    clock,
  });
  using _warnings = adapter && warnOfCache(client, (text) => run.warn(text));
  using _events = flags.verbose ? client.on((event) => log(run, eventText(event))) : undefined;
  run.total = knownTotal(operands);
  run.received = 0;
  run.start(() => client.stats());
  await runGetJobs({
    client,
    clock,
    run,
    sink: output.sink,
    inputs: readInputs(operands, terminal, { signal: run.signal, base: baseUrls[0] }),
    parts,
    // Like those of a batch, these requests wait for an outage to end, if they may be sent again at all.
    request: {
      signal: run.signal,
      onOpen: clientOptions.maxRetries === 0 ? undefined : onOpenFlag(flags) ?? "wait",
      totalTimeoutMs,
    },
    concurrency,
    rate: clientOptions.rateLimit,
    usesCache: adapter !== undefined,
    takesErrorBodies: flags["fail-with-body"],
    hasMirrors: baseUrls.length > 0,
  });
  // What came may still be on its way to the disk.
  await client.close();
  return await run.finish();
}

/** Of a `Host` that is given, Deno's own `fetch` sends nothing. */
function transportFor({ fetch }: CommandContext): Transport | undefined {
  return fetch === undefined && currentRuntime.name === "deno" ? createTransport() : undefined;
}

function isToFile(
  { out, output }: { readonly out: string | undefined; readonly output: string | undefined },
): boolean {
  return out !== undefined || output !== undefined && output !== "-";
}

function log(run: Run, text: string | undefined): void {
  // What can't be shown is no reason to stop.
  if (text !== undefined) run.tell(text).catch(() => {});
}
