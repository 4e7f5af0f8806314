/**
 * `slipstream get`: fetches URLs in parallel.
 *
 * @module
 */

import { createClient } from "../client/client.ts";
import type { Outcome } from "../client/outcome.ts";
import type { RequestSpec } from "../client/request.ts";
import { shownUrl } from "../http/url.ts";
import { httpCache } from "../http_cache/http_cache.ts";
import { readArgs } from "./args.ts";
import { CACHE_DETAIL, CACHE_FLAGS, openCache, warnOfCache } from "./cache_flags.ts";
import { CLIENT_FLAGS, clientFlagOptions } from "./client_flags.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG } from "./command.ts";
import { type BadInput, checkOperands, type Input, isSingleUrl, knownTotal, readInputs } from "./inputs.ts";
import { openOutputFolder, OUTPUT_FLAGS, runOptions } from "./output_flags.ts";
import { Run } from "./run.ts";
import { type Body, bodySink, folderSink, ndjsonSink, type Sink } from "./sinks.ts";
import { parseHeaders } from "./values.ts";

const FLAGS = {
  ...CLIENT_FLAGS,
  header: { kind: "list", value: "'Name: value'", help: "a header for every request; may be repeated" },
  ...CACHE_FLAGS,
  ...OUTPUT_FLAGS,
  ordered: { kind: "switch", help: "lines in the order of the URLs" },
  ...HELP_FLAG,
} as const;

/** The command `get`. */
export const getCommand: Command = {
  name: "get",
  operands: "<url…|-|@file>",
  summary: "Fetches URLs in parallel",
  details: [
    "URLs come from the arguments, from the lines of a file ('@urls.txt') or of stdin ('-').",
    "One URL given as an argument goes to stdout as it is; more than that become lines of JSON (--ndjson).",
    "With --cache the servers say for how long an answer is good; requests with credentials are left out.",
    CACHE_DETAIL,
  ],
  flags: FLAGS,
  run: get,
};

async function get(args: readonly string[], context: CommandContext): Promise<number> {
  const { flags, operands } = readArgs(args, FLAGS);
  const { terminal } = context;
  if (flags.help) {
    await terminal.stdout.write(commandUsage(getCommand));
    return 0;
  }
  const clientOptions = { ...clientFlagOptions(flags), headers: parseHeaders("header", flags.header) };
  await checkOperands(operands, terminal);
  const adapter = openCache(flags, context.clock);
  const folder = await openOutputFolder(flags, terminal);

  const asBody = folder === undefined && !flags.ndjson && isSingleUrl(operands);
  using run = new Run(context, { ...runOptions(flags), summary: !asBody });
  run.total = knownTotal(operands);
  const sink = folder !== undefined ? folderSink(folder) : asBody ? bodySink(run) : ndjsonSink(run);
  await using client = createClient({
    ...clientOptions,
    cache: adapter && httpCache(adapter),
    fetch: context.fetch,
    clock: context.clock,
  });
  using _warnings = adapter && warnOfCache(client, (text) => run.warn(text));
  run.start(() => client.stats());
  const inputs = readInputs(operands, terminal, run.signal);
  const jobs = new Jobs(inputs, sink, run);
  for await (const outcome of client.stream(jobs.requests(), { as: "bytes", ordered: flags.ordered })) {
    await jobs.settle(outcome);
  }
  // What came may still be on its way to the disk.
  await client.close();
  return await run.finish();
}

interface Job {
  readonly input: Input | BadInput;
  readonly path: readonly string[];
}

/** The inputs that are under way: pulled by the client, forgotten when their outcome is there. */
class Jobs {
  readonly #inputs: AsyncIterable<Input | BadInput>;
  readonly #sink: Sink;
  readonly #run: Run;
  readonly #underWay = new Map<number, Job>();

  constructor(inputs: AsyncIterable<Input | BadInput>, sink: Sink, run: Run) {
    this.#inputs = inputs;
    this.#sink = sink;
    this.#run = run;
  }

  /** The requests, in input order. A bad input is one too: the client refuses it in its turn, before any connection. */
  async *requests(): AsyncIterableIterator<RequestSpec> {
    const { signal } = this.#run;
    let index = 0;
    for await (const input of this.#inputs) {
      if (signal.aborted) return;
      this.#underWay.set(index++, { input, path: input.ok ? this.#sink.plan(input) : [] });
      // The signal goes with each request, and not with the stream, so that every outcome still arrives.
      yield { url: input.text, signal };
    }
    if (!signal.aborted) this.#run.total = index;
  }

  async settle(outcome: Outcome<Body>): Promise<void> {
    const job = this.#underWay.get(outcome.index);
    this.#underWay.delete(outcome.index);
    if (job === undefined || !outcome.ok && this.#run.isStop(outcome.error)) return;
    const { input, path } = job;
    const failure = input.ok ? (outcome.ok ? undefined : outcome.error) : input.error;
    try {
      const { index, request, attempts, durationMs } = outcome;
      await this.#sink.put(
        failure === undefined ? outcome : { ok: false, index, request, error: failure, attempts, durationMs },
        input.text,
        path,
      );
      if (failure === undefined) this.#run.succeeded++;
      else await this.#fail(failure, input);
    } catch (error) {
      // The body came, but could not be kept: for the caller that is a failure like any other.
      await this.#fail(error, input);
    }
  }

  async #fail(error: unknown, { where, text }: Input | BadInput): Promise<void> {
    await this.#run.fail({ error, where, subject: shownUrl(text) });
  }
}
