import { ManualClock } from "../../src/testing/manual_clock.ts";

/** A manual clock whose timers are lost while `isLosing`, as those that a test arms before it ends its fake timers. */
export class LosingClock extends ManualClock {
  isLosing = false;

  override setTimeout(callback: () => void, delayMs: number): unknown {
    return super.setTimeout(this.isLosing ? () => {} : callback, delayMs);
  }
}
