/**
 * A simulated content delivery network: several mirrors with their latencies, bandwidths, faults and logs.
 *
 * @module
 */

import {
  argumentError,
  assertClock,
  assertOptions,
  assertPositive,
  shapeError,
} from "../primitives/argument_checks.ts";
import { systemClock } from "../primitives/clock.ts";
import "../primitives/dispose_symbols.ts";
import { listenTcp } from "../runtime/server/current.ts";
import { type CdnLog, CdnRecorder } from "./cdn_log.ts";
import { checkedMirrors, type SimulatedCdnOptions, type SimulatedMirrorOptions } from "./cdn_options.ts";
import { assertKnownOptions } from "../http/option_hints.ts";
import { FaultRules } from "../middleware/faults/fault_rules.ts";
import { latencySampler } from "../middleware/faults/latency.ts";
import { resourceLookup } from "./resource.ts";
import { createSimulatedFetch } from "./simulated_fetch.ts";
import { type MirrorContext, SimulatedMirror } from "./simulated_mirror.ts";
import { serveMirror } from "./simulated_server.ts";

/** The running servers of a simulated CDN. */
export interface CdnServer extends AsyncDisposable {
  /** The URL of the first mirror, without a slash at the end. */
  readonly url: string;
  /** The URLs of all mirrors, in the order of the mirrors. */
  readonly urls: readonly string[];
  /** Stops listening and breaks every connection; idempotent. Resolves when all connections are closed. */
  close(): Promise<void>;
}

/** A simulated CDN. */
export interface SimulatedCdn extends AsyncDisposable {
  /**
   * Reaches the mirrors without a network. It fails like the real `fetch`: a network failure is a `TypeError`, an abort rejects
   * with the signal's own reason, and a body that breaks off rejects while it is read.
   */
  readonly fetch: typeof fetch;
  /** The origins of the mirrors for `fetch`, in the order of the mirrors. */
  readonly origins: readonly string[];
  /** The log of all mirrors together. */
  readonly log: CdnLog;
  /**
   * Returns the log of one mirror.
   *
   * @throws {RangeError} If there is no such mirror.
   */
  logOf(mirror: string): CdnLog;
  /**
   * Starts a server for each mirror on 127.0.0.1, with a port of its own, for clients that need real sockets. Needs Deno or Bun.
   *
   * @throws {TypeError} If the runtime has no TCP sockets.
   */
  listen(): Promise<CdnServer>;
  /** Restarts the time, the logs, the random numbers, and the counts of fault rules. Requests in flight go on. */
  reset(): void;
  /** Stops all servers, and fails all requests of `fetch` in flight, bodies included, with a `TypeError`; idempotent. */
  close(): Promise<void>;
}

const ACTION = "create simulated CDN";
const NAMES: readonly (keyof SimulatedCdnOptions)[] = [
  "resources",
  "mirrors",
  "latency",
  "bytesPerSecond",
  "faults",
  "seed",
  "clock",
  "log",
];
const DEFAULT_ORIGIN = "https://cdn.test";

/**
 * Creates a simulated CDN: one set of resources behind one or several mirrors, each with its latency, bandwidth, faults and
 * log, as a `fetch` and as real servers on the loopback interface. The same seed gives the same random numbers.
 *
 * @param options The resources of the CDN, and how it behaves.
 * @returns The CDN.
 * @throws {TypeError | RangeError} If an option has the wrong shape, is out of range, or does not exist.
 *
 * @example A mirror that fails half-way, without a network
 * ```ts
 * import { createSimulatedCdn, ManualClock } from "@slipstream/fetch/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const clock = new ManualClock();
 * await using cdn = createSimulatedCdn({
 *   clock,
 *   mirrors: ["near", "far"],
 *   resources: { "/drivers.json": { json: { drivers: [] } } },
 *   latency: { medianMs: 75, p99Ms: 200 },
 *   faults: [{ mirror: "near", afterRequests: 1, kind: "refuse" }],
 * });
 * const [near, far] = cdn.origins;
 *
 * const response = await clock.run(cdn.fetch(`${near}/drivers.json`));
 * assertEquals(await response.json(), { drivers: [] });
 * await assertRejects(() => cdn.fetch(`${near}/drivers.json`), TypeError);
 * assertEquals((await clock.run(cdn.fetch(`${far}/drivers.json`))).status, 200);
 * assertEquals(cdn.logOf("near").outcomes.refused, 1);
 * ```
 */
export function createSimulatedCdn(options: SimulatedCdnOptions): SimulatedCdn {
  assertOptions(ACTION, options);
  assertKnownOptions(ACTION, options, NAMES);
  const { seed = 1, clock = systemClock, log = "full", faults = [] } = options;
  const lookup = resourceLookup(options.resources);
  const mirrorOptions = checkedMirrors(options.mirrors);
  const rules = new FaultRules(faults, mirrorOptions.map(({ name }) => name), ACTION);
  assertClock(ACTION, "clock", clock);
  if (!Number.isSafeInteger(seed)) throw argumentError(ACTION, "seed", "a safe integer", seed);
  if (log !== "full" && log !== "counts") throw shapeError(ACTION, "log", '"full" or "counts"', log);
  const context: MirrorContext = {
    clock,
    startedAt: clock.now(),
    open: new Set(),
    seed,
    lookup,
    rules,
    log,
    recorder: new CdnRecorder(log),
  };
  return new Cdn(mirrorOptions.map((mirror) => newMirror(mirror, options, context)), context);
}

class Cdn implements SimulatedCdn {
  readonly fetch: typeof fetch;
  readonly origins: readonly string[];
  readonly log: CdnLog;
  readonly #mirrors: readonly SimulatedMirror[];
  readonly #context: MirrorContext;
  readonly #servers = new Set<CdnServer>();

  constructor(mirrors: readonly SimulatedMirror[], context: MirrorContext) {
    this.#mirrors = mirrors;
    this.#context = context;
    this.log = context.recorder;
    this.origins = mirrors.map(({ origin }) => origin ?? DEFAULT_ORIGIN);
    const [only] = mirrors;
    const byOrigin = new Map(mirrors.map((mirror) => [mirror.origin, mirror]));
    this.fetch = createSimulatedFetch(
      only?.origin === undefined ? () => only : (origin) => byOrigin.get(origin),
    );
  }

  logOf(mirror: string): CdnLog {
    const found = this.#mirrors.find(({ name }) => name === mirror);
    if (found !== undefined) return found.recorder;
    const names = this.#mirrors.map(({ name }) => name).join(", ");
    throw new RangeError(`Cannot show the log as 'mirror' must be one of ${names}: received "${mirror}"`);
  }

  // Asynchronous, although both runtimes listen synchronously, because another runtime may not.
  // deno-lint-ignore require-await
  async listen(): Promise<CdnServer> {
    const servers = this.#mirrors.map((mirror) => serveMirror(mirror, listenTcp));
    const urls = servers.map(({ port }) => `http://127.0.0.1:${port}`);
    const close = async () => {
      this.#servers.delete(server);
      await Promise.all(servers.map((server) => server.close()));
    };
    const server: CdnServer = { url: urls[0]!, urls, close, [Symbol.asyncDispose]: close };
    this.#servers.add(server);
    return server;
  }

  reset(): void {
    this.#context.startedAt = this.#context.clock.now();
    this.#context.rules.reset();
    this.#context.recorder.reset();
    for (const mirror of this.#mirrors) mirror.reset();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers].map((server) => server.close()));
    for (const exchange of this.#context.open) {
      exchange.cancel(new TypeError("Cannot fetch as the simulated CDN was closed"));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function newMirror(
  mirror: SimulatedMirrorOptions,
  { latency = 0, bytesPerSecond = Infinity }: SimulatedCdnOptions,
  context: MirrorContext,
): SimulatedMirror {
  const pace = mirror.bytesPerSecond ?? bytesPerSecond;
  if (pace !== Infinity) assertPositive(ACTION, "bytesPerSecond", pace);
  return new SimulatedMirror(mirror.name, mirror.origin, {
    latency: latencySampler(mirror.latency ?? latency, ACTION),
    bytesPerSecond: pace,
  }, context);
}
