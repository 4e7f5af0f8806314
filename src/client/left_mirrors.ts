/**
 * The mirrors that were of no help to a request that is sent again and again.
 *
 * @module
 */

import { isOn, type Mirror } from "../policies/mirror.ts";

/** Remembers which mirrors were left, so that each of the others is asked before one of them is asked again. */
export class LeftMirrors {
  #inOrder: readonly Mirror[] = [];
  /** Those that were left in this round. */
  readonly #round = new Set<Mirror>();

  /** The mirrors that were left, the one of the longest ago first; `undefined` if there are none. */
  get avoided(): readonly Mirror[] | undefined {
    return this.#inOrder.length === 0 ? undefined : this.#inOrder;
  }

  /**
   * Notes that a mirror is left.
   *
   * @param mirror The mirror.
   * @param all All that there are at present.
   * @returns Whether there is one that was not left in this round; if not, the next round begins. So it does when none of those could
   * be asked, and the mirror had been left already.
   */
  add(mirror: Mirror, all: readonly Mirror[]): boolean {
    this.#inOrder = [...this.#inOrder.filter((other) => other !== mirror), mirror];
    const isNew = !this.#round.has(mirror);
    this.#round.add(mirror);
    if (isNew && all.some((other) => isOn(other) && !this.#round.has(other))) return true;
    this.#round.clear();
    return false;
  }
}
