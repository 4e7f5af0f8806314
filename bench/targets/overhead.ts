/**
 * T1 and T2: what remains of the throughput of a bare loop, and what of that of the rivals.
 *
 * @module
 */

import type { OverheadOptions } from "../measure/overhead.ts";
import type { Fetcher } from "../support/fetchers.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Row, Target, TargetContext } from "./target.ts";

const CONCURRENCY = 20;

/** What two fetchers are compared by. */
interface OverheadQuestion extends Pick<OverheadOptions, "ours" | "theirs" | "resource"> {
  /** The least throughput that is wanted. */
  readonly atLeast?: number | undefined;
}

/** T1: beside a bare loop. */
export const overheadTarget: Target = {
  id: "T1",
  title: "Throughput beside a bare `fetch` + `json()` loop, 20 at once, all defaults on",
  async *rows(context) {
    const atLeast = context.runtime.name === "deno" ? 0.95 : 0.9;
    for (const resource of ["small", "large"] as const) {
      for (const ours of ["json", "stream"] as const) {
        yield await overheadRow(context, { ours, theirs: "bare loop", resource, atLeast });
      }
    }
    // What nobody can beat who stops requests at a deadline, and how far to trust the figures.
    for (const ours of ["bare loop with signals", "bare loop"] as const) {
      yield await overheadRow(context, { ours, theirs: "bare loop", resource: "small" });
    }
  },
};

/** T2: beside the rivals. */
export const rivalsTarget: Target = {
  id: "T2",
  title: "Throughput of `client.stream()` beside rivals, 20 at once",
  async *rows(context) {
    const wanted = { ky: context.runtime.name === "deno" ? 1.6 : 2, ofetch: 1.25, pooled_map: 1.1 } as const;
    for (const theirs of ["ky", "ofetch", "pooled_map"] as const) {
      yield await overheadRow(context, {
        ours: "stream",
        theirs,
        resource: "small",
        atLeast: wanted[theirs],
      });
    }
    if (context.quick) return;
    // Parsing is most of what a large file costs, and nobody can do anything about that.
    for (const theirs of ["ky", "ofetch", "pooled_map"] as const) {
      yield await overheadRow(context, { ours: "stream", theirs, resource: "large" });
    }
  },
};

const LABELS: Readonly<Partial<Record<Fetcher, string>>> = {
  "bare loop": "a bare loop",
  "bare loop with signals": "a bare loop with signals",
  json: "`client.json()` in a worker loop",
  stream: "`client.stream()`",
  ky: "ky + p-limit",
  ofetch: "ofetch + p-limit",
  pooled_map: "`pooledMap` + `fetch`",
};

async function overheadRow(context: TargetContext, { atLeast, ...options }: OverheadQuestion): Promise<Row> {
  const { ours, theirs, resource } = options;
  const slices = slicing(context, options);
  const question = `${LABELS[ours] ?? ours} : ${LABELS[theirs] ?? theirs}, ${
    resource === "small" ? "400 B" : "133 KB"
  }`;
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

/** How a comparison is sliced. */
interface Slicing extends Pick<OverheadOptions, "requests" | "pairs" | "warmup"> {}

/**
 * Short slices, so that neighbours are disturbed alike. Rivals get longer ones, because they make a task of every URL of a
 * list at once, and that is a part of what they cost.
 */
function slicing({ runtime, quick }: TargetContext, { resource, theirs }: OverheadQuestion): Slicing {
  const shorter = quick ? 3 : 1;
  if (resource === "large") return { requests: 60, pairs: 60 / shorter, warmup: 8 };
  if (theirs !== "bare loop") return { requests: 2_000, pairs: 18 / shorter, warmup: 2 };
  return { requests: runtime.name === "deno" ? 200 : 400, pairs: 120 / shorter, warmup: 15 };
}
