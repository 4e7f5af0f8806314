/**
 * The time in which origins work.
 *
 * @module
 */

/**
 * For how long an outage counts, in milliseconds. Hardly any request waits for a longer one, and an origin that is not asked any more
 * would be one for ever.
 */
const LONGEST_OUTAGE_MS = 60_000;

/** For how long an origin works that has served a request, as long as none goes down meanwhile, in milliseconds: as long as requests wait. */
const WORKS_MS = 30_000;

/**
 * Time without the outages, in which an origin has an open breaker and no other one works: what happens then tells nothing of how much may be
 * retried. Of a long one, the first minute counts.
 */
export class WorkingTime {
  /** When the outages have begun that are not over, the oldest first; those that do not count any more may be missing. */
  readonly #begun: number[] = [];
  /** How many outages there are. */
  outages = 0;
  /** How long there were outages until the latest of them began or ended, in milliseconds. */
  idleMs = 0;
  #untilMs = 0;
  /** Until when an origin works that is not down. */
  #worksUntilMs = -Infinity;

  /** The working time at a time on the client's clock, in milliseconds. */
  at(nowMs: number): number {
    return nowMs - this.idleMs - (this.outages === 0 ? 0 : this.#idleSince(nowMs));
  }

  /** An origin's breaker has opened. */
  begin(atMs: number): void {
    this.#note(atMs);
    // It may have been the one that worked.
    this.#worksUntilMs = -Infinity;
    while (this.#begun.length > 0 && this.#begun[0]! + LONGEST_OUTAGE_MS <= atMs) this.#begun.shift();
    this.outages = this.#begun.push(atMs);
  }

  /** An origin's breaker has closed, which had opened at a time. */
  end(begunAtMs: number, atMs: number): void {
    this.#note(atMs);
    const place = this.#begun.lastIndexOf(begunAtMs);
    if (place !== -1) this.#begun.splice(place, 1);
    this.outages = this.#begun.length;
  }

  /** An origin that is not down has served a request. */
  work(atMs: number): void {
    if (this.outages === 0) return;
    this.#note(atMs);
    this.#worksUntilMs = atMs + WORKS_MS;
  }

  #note(atMs: number): void {
    this.idleMs += this.#idleSince(atMs);
    this.#untilMs = atMs;
  }

  #idleSince(nowMs: number): number {
    const latest = this.#begun.at(-1);
    if (latest === undefined) return 0;
    const fromMs = Math.max(this.#untilMs, this.#worksUntilMs);
    return Math.max(0, Math.min(nowMs, latest + LONGEST_OUTAGE_MS) - fromMs);
  }
}
