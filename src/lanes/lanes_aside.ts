/**
 * The lanes that leave the permits to others.
 *
 * @module
 */

import type { Lane } from "./lane.ts";

/** The lanes whose requests wait until no other request needs the permits. */
export class LanesAside {
  readonly #lanes = new Set<Lane>();
  /** Whether there are any; a field instead of a getter, because each request reads it. */
  areThere = false;

  /** Sets a lane aside. */
  add(lane: Lane): void {
    this.#lanes.add(lane);
    this.areThere = true;
  }

  /** Removes a lane that need not stand aside any more. */
  delete(lane: Lane): void {
    this.#lanes.delete(lane);
    this.areThere = this.#lanes.size > 0;
  }

  /** Removes up to so many lanes, and returns those with waiting requests, which may claim again. */
  recall(most: number): readonly Lane[] {
    const recalled: Lane[] = [];
    for (const lane of this.#lanes) {
      if (recalled.length >= most) break;
      this.#lanes.delete(lane);
      if (lane.queued > 0) recalled.push(lane);
    }
    this.areThere = this.#lanes.size > 0;
    return recalled;
  }
}
