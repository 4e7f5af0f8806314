/**
 * The lanes of one client, by origin.
 *
 * @module
 */

import { OriginIndex } from "../http/url.ts";
import type { Lane } from "./lane.ts";

/** From how many lanes on the quiet ones are forgotten; a crawler may meet any number of origins. */
const MANY_LANES = 1_024;
/** How many lanes are remembered that are not in use. */
const MAX_LANES = 8_192;

/** Finds the lane of an origin, or of a URL. */
export class Lanes {
  /** The origins that URLs have led to. */
  readonly origins: OriginIndex = new OriginIndex();
  readonly #lanes = new Map<string, Lane>();
  readonly #create: (origin: string) => Lane;
  #sweepAt = MANY_LANES;
  /** The lane found last, and what a URL of its origin begins with: nearly always the next one has the same. */
  #lastPrefix = "";
  #lastLane: Lane | undefined;

  /** Creates the collection; `create` makes the lane of an origin that is met for the first time. */
  constructor(create: (origin: string) => Lane) {
    this.#create = create;
  }

  /** The lane of an origin. */
  get(origin: string): Lane {
    let lane = this.#lanes.get(origin);
    if (lane === undefined) {
      if (this.#lanes.size >= this.#sweepAt) this.#sweep();
      lane = this.#create(origin);
      this.#lanes.set(origin, lane);
    }
    return lane;
  }

  /**
   * The lane of a URL whose scheme and authority have been met before: it is absolute, well-formed up to there, and has no user
   * info.
   *
   * @returns The lane; `undefined` for a URL that has to be looked at.
   */
  find(url: string): Lane | undefined {
    if (this.#lastLane !== undefined && url.startsWith(this.#lastPrefix)) return this.#lastLane;
    const origin = this.origins.find(url);
    if (origin === undefined) return undefined;
    const lane = this.get(origin);
    if (url.startsWith(`${origin}/`)) {
      this.#lastPrefix = `${origin}/`;
      this.#lastLane = lane;
    }
    return lane;
  }

  /** All that are remembered, oldest first. */
  values(): IterableIterator<Lane> {
    return this.#lanes.values();
  }

  /** The lane of an origin, for a mirror that holds it as long as the client lives: it is never forgotten. */
  keep(origin: string): Lane {
    const lane = this.get(origin);
    lane.isKept = true;
    return lane;
  }

  /**
   * Forgets those that would be the same if they were met anew; of far too many, also the oldest, but none that is in use: with
   * a second lane for the same origin, its limits would hold twice.
   */
  #sweep(): void {
    this.#lastLane = undefined;
    for (const [key, lane] of this.#lanes) {
      if (lane.isQuiet) this.#lanes.delete(key);
    }
    if (this.#lanes.size >= MAX_LANES) this.#forgetOldest();
    // The next sweep comes when it is worth its while.
    const { size } = this.#lanes;
    this.#sweepAt = size < MAX_LANES
      ? Math.min(MAX_LANES, Math.max(MANY_LANES, 2 * size))
      : size + MANY_LANES;
  }

  #forgetOldest(): void {
    for (const [key, lane] of this.#lanes) {
      if (this.#lanes.size < MAX_LANES) break;
      if (lane.isInUse) continue;
      this.#lanes.delete(key);
      // It is met anew with a closed one, and must not count as an outage for ever.
      lane.breaker?.reset();
    }
  }
}
