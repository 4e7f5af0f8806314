/**
 * The lanes of one client, by origin.
 *
 * @module
 */

import { OriginIndex } from "../http/url.ts";
import type { Lane } from "./lane.ts";

/** The number of lanes from which on quiet ones are forgotten; a crawler may meet any number of origins. */
const MANY_LANES = 1_024;
/** The most lanes that are remembered, unless more of them are in use. */
const MAX_LANES = 8_192;

/** Finds the lane of an origin, or of a URL. */
export class Lanes {
  /** The origins that URLs have led to. */
  readonly origins: OriginIndex = new OriginIndex();
  readonly #lanes = new Map<string, Lane>();
  readonly #create: (origin: string) => Lane;
  #sweepAt = MANY_LANES;
  /** The lane found last, and the prefix of its URLs: nearly always the next URL has the same. */
  #lastPrefix = "";
  #lastLane: Lane | undefined;

  /** Creates the collection; `create` makes the lane of a new origin. */
  constructor(create: (origin: string) => Lane) {
    this.#create = create;
  }

  /** Returns the lane of an origin. */
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
   * Returns the lane of a URL whose scheme and authority are known: it is absolute, well-formed up to there, and has no user
   * info.
   *
   * @returns The lane; `undefined` for a URL that has to be parsed.
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

  /** Returns all remembered lanes, oldest first. */
  values(): IterableIterator<Lane> {
    return this.#lanes.values();
  }

  /** Returns the lane of a mirror's origin, and keeps it as long as the client lives. */
  keep(origin: string): Lane {
    const lane = this.get(origin);
    lane.isKept = true;
    return lane;
  }

  /**
   * Forgets lanes that a new lane would replace without a difference; if there are far too many, also the oldest that are not in
   * use. A second lane for an origin in use would apply its limits twice.
   */
  #sweep(): void {
    this.#lastLane = undefined;
    for (const [key, lane] of this.#lanes) {
      if (lane.isQuiet) this.#lanes.delete(key);
    }
    if (this.#lanes.size >= MAX_LANES) this.#forgetOldest();
    // Sweep again only when it is worth the effort.
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
      // The origin gets a new lane with a closed breaker, and the old outage must not count for ever.
      lane.breaker?.reset();
    }
  }
}
