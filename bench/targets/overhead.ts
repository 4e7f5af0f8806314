/**
 * T1 and T2: this module's throughput beside that of a bare loop, and beside that of the rivals.
 *
 * @module
 */

import type { OverheadOptions } from "../measure/overhead.ts";
import type { Fetcher, FetchRival } from "../support/fetchers.ts";
import { compareFresh, freshCounts, type FreshRounds, freshRounds } from "./fresh.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Bound, Row, Target, TargetContext } from "./target.ts";

const CONCURRENCY = 20;

/** A comparison of two fetchers. */
interface OverheadQuestion extends Pick<OverheadOptions, "ours" | "theirs" | "resource"> {
  /** The least throughput of ours, as a multiple of theirs; without it, the line has no target. */
  readonly atLeast?: number | undefined;
}

/** T1: beside a bare loop. */
export const overheadTarget: Target = {
  id: "T1",
  title: "Throughput beside a bare `fetch` + `json()` loop, 20 at once, all defaults on",
  async *rows(context) {
    const wanted = { small: 0.9, large: context.runtime.name === "deno" ? 0.95 : 0.92 } as const;
    for (const resource of ["small", "large"] as const) {
      for (const ours of ["json", "stream"] as const) {
        const atLeast = wanted[resource];
        yield await overheadRow(context, { ours, theirs: "bare loop", resource, atLeast });
      }
    }
    yield await overheadRow(context, { ours: "fetch", theirs: "bare loop", resource: "small" });
    // The first row is the limit for any client that can stop requests at a deadline. The second row compares the bare loop
    // with itself: its distance from 1 shows how far to trust the figures.
    for (const ours of ["bare loop with signals", "bare loop"] as const) {
      yield await overheadRow(context, { ours, theirs: "bare loop", resource: "small" });
    }
    yield* freshRows(context);
  },
};

/**
 * The least throughput of ours, as a multiple of each rival's: at least as fast as every rival that has a timeout, and
 * nearly as fast as p-limit, which has none.
 */
const WANTED: Readonly<Partial<Record<FetchRival, number>>> = {
  ky: 1.6,
  ofetch: 1.15,
  ffetch: 1,
  axios: 1,
  got: 1,
  p_limit: 0.95,
};

/** T2: beside the rivals. */
export const rivalsTarget: Target = {
  id: "T2",
  title: "Throughput of `client.stream()` beside rivals, 20 at once",
  async *rows(context) {
    const rivals = [
      "ky",
      "ofetch",
      "p_limit",
      ...context.quick ? [] : ["ffetch", "pooled_map"] as const,
    ] as const;
    for (const theirs of rivals) {
      const atLeast = WANTED[theirs];
      yield await overheadRow(context, { ours: "stream", theirs, resource: "small", atLeast });
    }
    yield* freshRivalRows(context);
    if (context.quick) return;
    // Parsing is most of the cost of a large file, and it costs every client the same. So 1 is enough here.
    for (const theirs of ["ky", "ofetch", "ffetch", "p_limit"] as const) {
      const atLeast = Math.min(1, WANTED[theirs]!);
      yield await overheadRow(context, { ours: "stream", theirs, resource: "large", atLeast });
    }
  },
};

const LABELS: Readonly<Partial<Record<Fetcher, string>>> = {
  "bare loop": "a bare loop",
  "bare loop with signals": "a bare loop with signals",
  json: "`client.json()` in a worker loop",
  fetch: "`client.fetch()` + `json()` in a worker loop",
  stream: "`client.stream()`",
  axios: "axios + p-limit",
  ffetch: "ffetch + p-limit",
  got: "got + p-limit",
  ky: "ky + p-limit",
  ofetch: "ofetch + p-limit",
  p_limit: "p-limit + `fetch`",
  pooled_map: "`pooledMap` + `fetch`",
};

function labelOf(ours: Fetcher, theirs: Fetcher): string {
  return `${LABELS[ours] ?? ours} : ${LABELS[theirs] ?? theirs}`;
}

async function overheadRow(context: TargetContext, { atLeast, ...options }: OverheadQuestion): Promise<Row> {
  const { ours, theirs, resource } = options;
  const slices = slicing(context, options);
  const question = `${labelOf(ours, theirs)}, ${resource === "small" ? "400 B" : "133 KB"}`;
  return await rowOf(
    { question, bound: atLeast === undefined ? undefined : { atLeast }, unit: "×" },
    async () => {
      const { throughput, cpu, oursMs, theirsMs } = await compareRounds<Omit<OverheadOptions, "first">>(
        context,
        "overhead",
        { ...options, ...slices, concurrency: CONCURRENCY, serverUrl: context.serverUrl },
      );
      const us = (ms: number): string => (ms * 1_000 / slices.requests).toFixed(1);
      return {
        measured: throughput,
        detail: `${us(oursMs)} against ${us(theirsMs)} µs a request; CPU time ${cpu.value.toFixed(2)}×`,
      };
    },
  );
}

/** The size and the number of a comparison's slices. */
interface Slicing extends Pick<OverheadOptions, "requests" | "pairs" | "warmup"> {}

/**
 * Returns the slices of a comparison. Slices are short, so that other load affects neighbouring slices alike. Rivals get
 * longer slices, because they create the tasks of all URLs of a list at once, and that is a part of their cost.
 */
function slicing({ runtime, quick }: TargetContext, { resource, theirs }: OverheadQuestion): Slicing {
  const shorter = quick ? 3 : 1;
  if (resource === "large") return { requests: 60, pairs: 60 / shorter, warmup: 8 };
  if (theirs !== "bare loop") return { requests: 2_000, pairs: 18 / shorter, warmup: 2 };
  return { requests: runtime.name === "deno" ? 200 : 400, pairs: 120 / shorter, warmup: 15 };
}

/** Compares fresh processes with a bare loop's, because most programs never get warm: they fetch their URLs and end. */
async function* freshRows(context: TargetContext): AsyncIterable<Row> {
  const rounds = await freshRounds(context, ["stream", "bare loop", "json"]);
  const theirs = "bare loop";
  for (const ours of ["json", "stream"] as const) {
    for (const [index, count] of freshCounts(context).entries()) {
      const question = `${labelOf(ours, theirs)}, 400 B, fresh processes of ${count.toLocaleString("en")}`;
      const { throughput, cpu, oursMs, theirsMs } = compareFresh(rounds, { ours, theirs, index });
      const figures = `${oursMs.toFixed(0)} against ${theirsMs.toFixed(0)} ms`;
      const detail = `${figures}; CPU time ${cpu.value.toFixed(2)}×`;
      yield { question, bound: { atLeast: 0.86 }, unit: "×", measured: throughput, detail };
    }
  }
  yield* firstRequestsRows(context, rounds);
}

/** Compares the CPU time of the first requests, because on Bun the throughput of small requests does not show all of it. */
function* firstRequestsRows({ runtime }: TargetContext, rounds: FreshRounds): Iterable<Row> {
  const bound: Bound = { atMost: runtime.name === "bun" ? 1.7 : 1.25 };
  const theirs = "bare loop";
  for (const ours of ["json", "stream"] as const) {
    const question = `${labelOf(ours, theirs)}, CPU time of the first 1,000 requests of a process`;
    const { cpu } = compareFresh(rounds, { ours, theirs, index: 0 });
    yield { question, bound, unit: "×", measured: cpu, detail: "with what is compiled on other threads" };
  }
}

/** Makes one line for each rival, with the worst result of all numbers of requests: only if each one is met, the line is. */
async function* freshRivalRows(context: TargetContext): AsyncIterable<Row> {
  // The rivals with the tightest bounds run next to ours in each round, so that other load affects them alike.
  const rounds = await freshRounds(context, ["ky", "ofetch", "stream", "p_limit", "ffetch", "axios", "got"]);
  const counts = freshCounts(context).map((count) => count.toLocaleString("en"));
  for (const theirs of ["ky", "ofetch", "ffetch", "axios", "got", "p_limit"] as const) {
    const question = `${labelOf("stream", theirs)}, 400 B, the worst of fresh processes`;
    yield await rowOf({ question, bound: { atLeast: WANTED[theirs]! }, unit: "×" }, () => {
      const each = counts.map((_, index) =>
        compareFresh(rounds, { ours: "stream", theirs, index }).throughput
      );
      const worst = each.reduce((worst, spread) => spread.value < worst.value ? spread : worst);
      const detail = each.map(({ value }, index) => `${counts[index]}: ${value.toFixed(2)}`).join("; ");
      return Promise.resolve({ measured: worst, detail });
    });
  }
}
