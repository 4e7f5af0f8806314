import { ManualClock } from "../../src/testing/manual_clock.ts";

/** A manual clock that records the delay of each timer. */
export class RecordingClock extends ManualClock {
  readonly delaysMs: number[] = [];

  override setTimeout(callback: () => void, delayMs: number): unknown {
    this.delaysMs.push(delayMs);
    return super.setTimeout(callback, delayMs);
  }
}
