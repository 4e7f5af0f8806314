/**
 * The code of hedging, which is loaded at its first use.
 *
 * @module
 */

import type { Reporter } from "../policies/event.ts";
import type { HedgeOptions } from "../policies/hedge_options.ts";
import type { Hedger } from "../policies/hedger.ts";
import type { HedgingSlot } from "../policies/hedging.ts";
import type { Environment, Policy } from "../policies/policy.ts";
import type { Clock } from "../primitives/clock.ts";
import type { StraightHedges } from "./straight_hedges.ts";

/** The classes that are loaded. */
interface Parts {
  readonly Hedger: typeof Hedger;
  readonly StraightHedges: typeof StraightHedges;
}

let parts: Parts | undefined;

/** Loads the code of hedging, which few clients need. */
export async function loadHedging(): Promise<Parts> {
  if (parts !== undefined) return parts;
  const [{ Hedger }, { StraightHedges }] = await Promise.all([
    import("../policies/hedger.ts"),
    import("./straight_hedges.ts"),
  ]);
  return parts = { Hedger, StraightHedges };
}

/** The clock and the reporter of a client's hedging. */
export interface HedgingContext {
  readonly clock: Clock;
  readonly reporter: Reporter;
}

/** The hedging of a client and its extensions, once its code is there. */
export class LazyHedging implements HedgingSlot<Environment> {
  readonly #options: HedgeOptions;
  readonly #context: HedgingContext;
  #hedger: Hedger | undefined;
  #loading: Promise<void> | undefined;
  #hasFailed = false;

  /**
   * Creates a client's hedging, whose code is not loaded yet.
   *
   * @param options When requests are hedged; checked.
   * @param context The parts of the client.
   */
  constructor(options: HedgeOptions, context: HedgingContext) {
    this.#options = options;
    this.#context = context;
    if (parts !== undefined) this.#hedger = new parts.Hedger(options, context.clock);
  }

  /** The hedging, if its code is there. */
  get loaded(): Hedger | undefined {
    return this.#hedger;
  }

  /** Whether requests must go the general way, and wait there, until the code is loaded. */
  get isAwaited(): boolean {
    return this.#hedger === undefined && !this.#hasFailed;
  }

  /** The class that watches attempts on the straight way, if its code is there. */
  get StraightHedges(): typeof StraightHedges | undefined {
    return this.#hedger === undefined ? undefined : parts?.StraightHedges;
  }

  /** Makes the first requests wait until the code is there, before they hold anything. If loading fails, the client hedges no request. */
  readonly policy: Policy = (next) => async (call) => {
    if (this.isAwaited) await (this.#loading ??= this.#load());
    call.throwIfCancelled();
    return await next(call);
  };

  async #load(): Promise<void> {
    const { clock, reporter } = this.#context;
    try {
      const { Hedger } = await loadHedging();
      this.#hedger = new Hedger(this.#options, clock);
    } catch (error) {
      // Requests go on without hedging.
      this.#hasFailed = true;
      if (!reporter.active) return;
      const message = "the code of 'hedge' was not loaded: no request is hedged";
      reporter.emit({ type: "warning", atMs: clock.now(), source: "hedge", message, error });
    }
  }
}
