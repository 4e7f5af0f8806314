/**
 * `slipstream get`: fetches URLs in parallel.
 *
 * @module
 */

import { createClient } from "../client/create_client.ts";
import type { ClientTransport } from "../http/client_transport.ts";
import type { CachePlan } from "../policies/cache_plan.ts";
import type { Clock } from "../primitives/clock.ts";
import { currentRuntime } from "../runtime/current.ts";
import { type Flags, type ParsedArgs, readArgs, UsageError } from "./args.ts";
import { CACHE_DETAIL, CACHE_FLAGS, warnOfCache } from "./cache_flags.ts";
import { CLIENT_FLAGS, type ClientFlagOptions, clientFlagOptions, onOpenFlag } from "./client_flags.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG, helpColumns } from "./command.ts";
import { GET } from "./command_titles.ts";
import { fitCapacity } from "./capacity.ts";
import { eventText } from "./event_text.ts";
import { runGetJobs } from "./get_jobs.ts";
import { GET_OUTPUT_FLAGS, openGetOutput } from "./get_output.ts";
import {
  type BadInput,
  checkOperands,
  checkWritten,
  fileHint,
  type Input,
  isSingleUrl,
  knownTotal,
  readInputs,
} from "./inputs.ts";
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
  "total-timeout": {
    kind: "value",
    value: "TIME",
    help: "the longest time for one URL, retries and waits included (no limit)",
  },
  "base-url": { kind: "list", value: "URL", help: "the base of relative URLs; several are mirrors" },
  ...CACHE_FLAGS,
  verbose: { kind: "switch", short: "v", help: "show each attempt, and the reason for each retry" },
  ...HELP_FLAG,
} as const;

const DEFAULT_CONCURRENCY = 20;

/** The command `get`. */
export const getCommand: Command = {
  ...GET,
  operands: "<url…|-|@file>",
  details: [
    "URLs are arguments, or the lines of a file (@urls.txt) or of stdin (-). One URL goes to stdout as it is; several become lines of JSON (--ndjson). A URL without a scheme gets http for this machine, and https for every other. [1-3] and {a,b} stand for themselves: the shell may expand them.",
    'A line may be in quotes, as jq writes it, or a request in JSON: {"url":…,"method":…,"headers":…,"json":…,"out":…}, or with a text as "body" in place of "json". In a file, indented lines below a URL belong to it: header=Name: value, method=PUT, data=text, json={…}, out=path/in/DIR.',
    "Times are seconds, or have a unit: 5, 250ms, 2min. --timeout bounds a whole attempt where the response becomes a line of JSON. Where the body is written as it arrives, it bounds the wait for the headers, and each wait for more of the body.",
    "A failed POST or PATCH is sent again only if it has a header 'Idempotency-Key', whatever --retries is.",
    "A file gets its name when it is complete; until then it is NAME.part. So --resume takes a file below DIR for complete, and asks no server. The FILE of --output may come from another program: it counts as complete if it is as long as the server says, or the server does not say.",
    "With --cache the servers say how long the response to a GET stays fresh; requests with credentials are not cached. " +
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
  if (flags.verbose && flags["json-errors"]) {
    throw new UsageError("'--verbose' and '--json-errors' exclude each other");
  }
  const clientOptions = clientFlagOptions(flags);
  const totalTimeoutMs = optional("total-timeout", flags["total-timeout"], parseDuration);
  const baseUrls = flags["base-url"].map((text) => parseBaseUrl("base-url", text));
  await checkOperands(operands, terminal);
  const { output, manifest } = flags;
  await checkWritten(operands, { output, manifest }, terminal);
  const parts = await requestFlagParts(flags, terminal, operands.includes("-"));
  if (parts.method === "HEAD" && flags.out !== undefined) {
    throw new UsageError(
      "'--method HEAD' brings no bodies for the files of '--out'; '--ndjson --include' shows status and headers",
    );
  }
  return await fetchAll({ flags, operands, clientOptions, totalTimeoutMs, baseUrls, parts }, context);
}

/** The arguments of `get`, checked, and the options made from them. */
interface GetOrder extends ParsedArgs<typeof FLAGS> {
  readonly clientOptions: ClientFlagOptions;
  readonly totalTimeoutMs: number | undefined;
  readonly baseUrls: readonly URL[];
  readonly parts: RequestParts;
}

/** Fetches all inputs and returns the exit code. */
async function fetchAll(order: GetOrder, context: CommandContext): Promise<number> {
  const { flags, operands, clientOptions, totalTimeoutMs, baseUrls, parts } = order;
  const { terminal, clock } = context;
  const cache = await openPlan(flags, clock);
  const isSingle = isSingleUrl(operands);

  using run = new Run(context, {
    ...runOptions(flags),
    dataOnStdout: !isToFile(flags),
    summary: !isSingle || isToFile(flags),
  });
  await using output = await openGetOutput(flags, { terminal, run, isSingle });
  await using transport = await transportFor(context);
  const concurrency = await fittingConcurrency(order, context, run);
  await using client = createClient({
    ...clientOptions,
    concurrency,
    baseUrls: baseUrls.length === 0 ? undefined : baseUrls,
    cache,
    fetch: context.fetch,
    transport,
    clock,
  });
  using _warnings = cache && warnOfCache(client, (text) => run.warn(text));
  using _events = flags.verbose ? client.on((event) => log(run, eventText(event))) : undefined;
  const inputs = readInputs(operands, terminal, { signal: run.signal, base: baseUrls[0] });
  run.total = knownTotal(operands);
  run.received = 0;
  run.start(() => client.stats());
  await runGetJobs({
    client,
    clock,
    run,
    sink: output.sink,
    inputs: flags.out === undefined ? warnOfPaths(inputs, run) : inputs,
    parts,
    // Like the requests of a batch, these wait for an outage to end, unless `--retries 0` forbids to send one again.
    request: {
      signal: run.signal,
      onOpen: clientOptions.maxRetries === 0 ? undefined : onOpenFlag(flags) ?? "wait",
      totalTimeoutMs,
    },
    concurrency,
    rate: clientOptions.rateLimit,
    usesCache: cache !== undefined,
    takesErrorBodies: flags["fail-with-body"],
    hintFor: (given) => fileHint(given, terminal),
    hasMirrors: baseUrls.length > 0,
  });
  // Closing the client waits until the cache has written all responses to disk.
  await client.close();
  return await run.finish();
}

/** Returns the concurrency that this machine and the runtime allow; the run warns of a lower one than the user wants. */
async function fittingConcurrency(
  { flags, clientOptions }: GetOrder,
  { terminal }: CommandContext,
  run: Run,
): Promise<number> {
  const { concurrency, warning } = fitCapacity(clientOptions.concurrency ?? DEFAULT_CONCURRENCY, {
    descriptors: await terminal.descriptorLimit(),
    requests: currentRuntime.maxConcurrentRequests,
    writesFiles: flags.out !== undefined,
  });
  if (warning !== undefined) await run.warn(warning);
  return concurrency;
}

/** Opens the cache of `--cache`. Only then is the code of caches loaded. */
async function openPlan(
  flags: Flags<typeof CACHE_FLAGS>,
  clock: Clock,
): Promise<CachePlan | undefined> {
  if (flags.cache === undefined) return undefined;
  const { openCache } = await import("./open_cache.ts");
  const adapter = openCache(flags, clock);
  if (adapter === undefined) return undefined;
  const { httpCache } = await import("../http_cache/http_cache.ts");
  return httpCache(adapter);
}

/** Yields the inputs, and warns once if one names its file, which has an effect only with `--out`. */
async function* warnOfPaths<T extends Input | BadInput>(
  inputs: AsyncIterable<T>,
  run: Run,
): AsyncIterableIterator<T> {
  let isSaid = false;
  for await (const input of inputs) {
    if (!isSaid && input.ok && input.parts.out !== undefined) {
      isSaid = true;
      await run.warn(`${input.where}: 'out' has an effect only with '--out DIR'`);
    }
    yield input;
  }
}

/** Returns a transport on Deno, because Deno's own `fetch` drops a `Host` header that the user sets. */
async function transportFor(
  { fetch }: CommandContext,
): Promise<ClientTransport & AsyncDisposable | undefined> {
  if (fetch !== undefined || currentRuntime.name !== "deno") return undefined;
  const { createTransport } = await import("../transport/transport.ts");
  return createTransport();
}

function isToFile(
  { out, output }: { readonly out: string | undefined; readonly output: string | undefined },
): boolean {
  return out !== undefined || output !== undefined && output !== "-";
}

function log(run: Run, text: string | undefined): void {
  // A line that can't be shown is no reason to stop.
  if (text !== undefined) run.tell(text).catch(() => {});
}
