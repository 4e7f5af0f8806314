/**
 * Lanes that leave the permits to others.
 *
 * @module
 */

import type { Lane } from "./lane.ts";

/** Lanes whose requests wait until others have no use for the permits. */
export class LanesAside {
  readonly #lanes = new Set<Lane>();
  /** Whether there are any; no getter, as it is asked after each request. */
  areThere = false;

  /** Has a lane wait. */
  add(lane: Lane): void {
    this.#lanes.add(lane);
    this.areThere = true;
  }

  /** A lane need not wait any more. */
  delete(lane: Lane): void {
    this.#lanes.delete(lane);
    this.areThere = this.#lanes.size > 0;
  }

  /** Takes out lanes that have waited, which may claim again: so many of them at the most. */
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
