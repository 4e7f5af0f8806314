/**
 * The mirrors that could not help a request which is sent again and again, as by a download.
 *
 * @module
 */

import { isOn, type Mirror } from "../policies/mirror.ts";

/** Remembers which mirrors a request has left, so that it asks each of the others before it asks one of them again. */
export class LeftMirrors {
  #inOrder: readonly Mirror[] = [];
  /** The mirrors that the request has left in this round. */
  readonly #round = new Set<Mirror>();

  /** The mirrors that the request has left, the one left longest ago first; `undefined` if there are none. */
  get avoided(): readonly Mirror[] | undefined {
    return this.#inOrder.length === 0 ? undefined : this.#inOrder;
  }

  /**
   * Notes that the request leaves a mirror.
   *
   * @param mirror The mirror.
   * @param all All mirrors at present.
   * @returns Whether there is a mirror that the request has not left in this round; if not, the next round begins. The next round
   * also begins if the mirror had been left in this round before, because none of the others could be asked.
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
