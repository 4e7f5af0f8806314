import { ManualClock } from "../../src/testing/manual_clock.ts";

/** A manual clock that knows for how long each timer was armed. */
export class RecordingClock extends ManualClock {
  readonly delaysMs: number[] = [];

  override setTimeout(callback: () => void, delayMs: number): unknown {
    this.delaysMs.push(delayMs);
    return super.setTimeout(callback, delayMs);
  }
}
