/**
 * The servers of a world: a simulated CDN whose mirrors are the origins.
 *
 * @module
 */

import type { Clock } from "../../src/primitives/clock.ts";
import type { ModelClock } from "../lanes/model_clock.ts";
import type { CdnRequest } from "../../src/middleware/faults/cdn_request.ts";
import type { Fault, FaultRule } from "../../src/middleware/faults/fault.ts";
import type { Resource } from "../../src/testing/resource.ts";
import { createSimulatedCdn, type SimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { addressOf, originOf } from "./addresses.ts";
import { OriginLimit } from "./origin_limits.ts";
import type { FaultName, WorldPlan } from "./plan.ts";

/** The wait that an overloaded server names, in milliseconds. */
const NAMED_WAIT_MS = 1_000;

/** The time for which servers declare the kind "fresh" fresh, in milliseconds. */
export const FRESH_MS = 2_000;

/** The time after which a file changes, in milliseconds. */
const FILE_MS = 1_500;
/** The number of lines of a file. */
const FILE_LINES = 2_500;

/** The time of `stale-while-revalidate` for the kind "swr", in milliseconds. */
export const SWR_MS = 10_000;

const FAULTS: Readonly<Record<FaultName, Fault>> = {
  "refuse": { kind: "refuse" },
  "reset": { kind: "reset" },
  "hanging headers": { kind: "stall", phase: "headers" },
  "hanging body": { kind: "stall", phase: "body", afterBytes: 3 },
  "cut": { kind: "cut" },
  "500": { kind: "status", status: 500 },
  "503": { kind: "status", status: 503, body: "x".repeat(100_000) },
  "503 named": { kind: "retryAfter", status: 503, delayMs: NAMED_WAIT_MS },
  "408": { kind: "status", status: 408 },
  "529": { kind: "status", status: 529 },
  "503 at once": { kind: "retryAfter", status: 503, delayMs: 0 },
  "429 at once": { kind: "retryAfter", delayMs: 0 },
  "429 past": {
    kind: "status",
    status: 429,
    headers: { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" },
  },
  "204": { kind: "status", status: 204, body: "" },
  "403": { kind: "status", status: 403 },
  "429": { kind: "status", status: 429 },
  "429 named": { kind: "retryAfter", delayMs: NAMED_WAIT_MS },
  "429 long": { kind: "retryAfter", delayMs: 100_000, form: "date" },
  "login page": { kind: "wrongContent", content: "html" },
  "wrong json": { kind: "wrongContent", content: "json" },
  "truncated": { kind: "wrongContent", content: "truncated" },
  "empty": { kind: "wrongContent", content: "empty" },
  "drip": { kind: "drip", bytesPerSecond: 2_000 },
  "slow": { kind: "slow", latency: { minMs: 200, maxMs: 3_000 } },
};

/** Creates the servers of a world. They share its clock, but their wall clock is always right, unlike the client's. */
export function createServers({ seed, origins }: WorldPlan, machine: ModelClock): SimulatedCdn {
  const clock: Clock = {
    now: () => machine.now(),
    wallNow: () => machine.trueWallNow(),
    setTimeout: (callback, delayMs) => machine.setTimeout(callback, delayMs),
    clearTimeout: (handle) => machine.clearTimeout(handle),
  };
  const names = origins.map((_, index) => `o${index}`);
  const limits = origins.map(({ limit }) => limit && new OriginLimit(limit, clock));
  return createSimulatedCdn({
    seed,
    clock,
    mirrors: origins.map(({ latencyMs: [minMs, maxMs], bytesPerSecond }, index) => ({
      name: names[index]!,
      origin: originOf(index),
      latency: { minMs, maxMs },
      bytesPerSecond,
    })),
    faults: origins.flatMap(({ phases }, index) =>
      phases.map(({ fault, ...when }): FaultRule => ({ ...when, ...FAULTS[fault], mirror: names[index]! }))
    ),
    resources: (_, request) => {
      const limit = limits[names.indexOf(request.mirror)];
      return limit?.refuse() ?? withHeaders(resourceFor(request, clock, origins.length), limit?.headers());
    },
  });
}

/** Returns the resource for a request; each JSON body contains its id, the time of its creation, and its user. */
function resourceFor(request: CdnRequest, clock: Clock, origins: number): Resource {
  const { kind, id, page, isHop } = addressOf(`https://${request.mirror}.test${request.url}`);
  const json = {
    u: id,
    atMs: clock.now(),
    user: userOf(request.headers.authorization),
    ...request.body === "" ? {} : { body: request.body },
  };
  switch (kind) {
    case "big":
      return { json: { ...json, padding: "x".repeat(20_000) }, chunked: true };
    case "file":
      return fileOf(request, clock);
    case "fresh":
      return { json, headers: { "cache-control": `max-age=${FRESH_MS / 1_000}` } };
    case "swr":
      return {
        json,
        headers: { "cache-control": `max-age=1, stale-while-revalidate=${SWR_MS / 1_000}` },
      };
    case "etag":
      return { json, etag: '"1"', headers: { "cache-control": "no-cache" } };
    case "nostore":
      return { json, headers: { "cache-control": "no-store" } };
    case "private":
      return { json, headers: { "cache-control": "max-age=5" } };
    case "missing":
      return { status: 404, body: "There is no such thing" };
    case "nothing":
      return { status: 204 };
    case "redirect":
    case "away":
      return isHop ? { json } : redirect(request, kind === "away" ? origins : 1, id);
    case "lines":
      return { body: lines(id), chunked: true };
    case "events":
      return { body: events(id), headers: { "content-type": "text/event-stream" }, chunked: true };
    case "pages":
      return {
        json: { ...json, page },
        headers: page < 4 ? { link: `<./${id}-${page + 1}>; rel="next"` } : {},
      };
    case "circle":
      return {
        json: { ...json, page },
        // The third page leads back to the first, or to the one before.
        headers: {
          link: `<./${page < 3 ? `${id}-${page + 1}` : id.length % 2 === 0 ? id : `${id}-2`}>; rel="next"`,
        },
      };
    default:
      return { json };
  }
}

/** Returns a file that changes now and then. All origins but `o2` support range requests for it. */
function fileOf({ mirror, headers, method }: CdnRequest, clock: Clock): Resource {
  const version = Math.floor(clock.now() / FILE_MS);
  const body = fileText(version);
  const etag = `"v${version}"`;
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? "") ?? [];
  const isSame = headers["if-range"] === undefined || headers["if-range"] === etag;
  // The third origin ignores range requests, and sends the whole file.
  if (from === undefined || method !== "GET" || !isSame || mirror === "o2") return { body, etag };
  if (Number(from) >= body.length) {
    return { status: 416, etag, headers: { "content-range": `bytes */${body.length}` } };
  }
  const range = `bytes ${from}-${body.length - 1}/${body.length}`;
  return { status: 206, body: body.slice(Number(from)), etag, headers: { "content-range": range } };
}

/** Returns the content of a version of a file; every line contains the version and the number of the line. */
export function fileText(version: number): string {
  return Array.from({ length: FILE_LINES }, (_, line) => `${version} ${line}\n`).join("");
}

function withHeaders(resource: Resource, headers: Resource["headers"]): Resource {
  return headers === undefined ? resource : { ...resource, headers: { ...headers, ...resource.headers } };
}

function redirect({ mirror }: CdnRequest, origins: number, id: string): Resource {
  const next = originOf((Number(mirror.slice(1)) + 1) % origins);
  const kind = origins === 1 ? "redirect" : "away";
  const location = kind === "redirect" ? `/hop/${kind}/${id}` : `${next}/hop/${kind}/${id}`;
  return { status: 307, headers: { location }, body: "This way" };
}

function lines(id: string): string {
  return [0, 1, 2, 3].map((n) => `${JSON.stringify({ u: id, n })}\n`).join("");
}

function events(id: string): string {
  return [0, 1, 2].map((n) => `id: ${n}\nretry: 100\ndata: ${JSON.stringify({ u: id, n })}\n\n`).join("");
}

/** Returns the user of a request, from its credentials. */
function userOf(authorization: string | null | undefined): string | undefined {
  return /^Bearer (\w+)/.exec(authorization ?? "")?.[1];
}
