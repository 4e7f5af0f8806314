import type { AdaptiveLimitRules } from "../../src/primitives/mod.ts";
import type { Dice } from "./dice.ts";

/** Draws the rules of an adaptive limit, whose maximum is at most `range` above its minimum. */
export function drawLimit(dice: Dice, range: number): AdaptiveLimitRules {
  const min = dice.int(1, 2);
  const max = min + dice.int(0, range);
  return {
    min,
    max,
    initial: dice.int(min, max),
    algorithm: dice.pick(["gradient", "aimd"]),
    windowMs: dice.pick([1, 20, 100]),
  };
}
