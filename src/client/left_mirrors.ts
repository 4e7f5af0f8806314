/**
 * The mirrors that could not help a request which is sent again and again, as by a download.
 *
 * @module
 */

import type { Call } from "../policies/call.ts";
import { isOn, type Mirror } from "../policies/mirror.ts";
import { type MirrorEnding, tellRound } from "../policies/mirror_endings.ts";

/** Remembers which mirrors a request has left, so that it asks each of the others before it asks one of them again. */
export class LeftMirrors {
  #inOrder: readonly Mirror[] = [];
  /** The mirrors that the request has left in this round, with what happened at each. */
  readonly #round = new Map<Mirror, MirrorEnding>();

  /** The mirrors that the request has left, the one left longest ago first; `undefined` if there are none. */
  get avoided(): readonly Mirror[] | undefined {
    return this.#inOrder.length === 0 ? undefined : this.#inOrder;
  }

  /**
   * Notes that the request leaves a mirror. At the end of a round, the error also says what happened at the other mirrors.
   *
   * @param call The sending that the mirror has answered.
   * @param ending The mirror, and the error for which the request leaves it.
   * @param all All mirrors at present.
   * @returns The mirror to ask next in this round; `undefined` if the request has left all of them, so that the next round
   * begins. The next round also begins if the mirror had been left in this round before, because none of the others could be
   * asked.
   */
  add(call: Call, ending: MirrorEnding, all: readonly Mirror[]): Mirror | undefined {
    const { mirror } = ending;
    this.#inOrder = [...this.#inOrder.filter((other) => other !== mirror), mirror];
    const isAgain = this.#round.delete(mirror);
    this.#round.set(mirror, ending);
    const others = all.filter((other) => isOn(other) && !this.#round.has(other));
    if (!isAgain && others.length > 0) {
      return others.toSorted((a, b) => this.#inOrder.indexOf(a) - this.#inOrder.indexOf(b))[0];
    }
    tellRound(call, ending, [...this.#round.values()]);
    this.#round.clear();
    return undefined;
  }
}
