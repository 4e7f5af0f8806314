/**
 * A time that stands still during outages.
 *
 * @module
 */

/**
 * For how long an outage can stop the time, in milliseconds. Hardly any request waits longer. And an origin that gets no more
 * requests would be in an outage for ever.
 */
const LONGEST_OUTAGE_MS = 60_000;

/**
 * For how long an origin counts as working after it has served a request, unless an outage begins meanwhile, in milliseconds: as
 * long as requests wait.
 */
const WORKS_MS = 30_000;

/**
 * Measures time without the outages: it stands still while an origin's breaker is open and no other origin works. Failures in
 * that time say nothing about how much a client may retry. A long outage stops the time for its first minute only.
 */
export class WorkingTime {
  /** When the current outages began, the oldest first. Outages of more than a minute may be missing. */
  readonly #begun: number[] = [];
  /** How many outages there are. */
  outages = 0;
  /** For how long the time had stood still at `#untilMs`, in milliseconds. */
  idleMs = 0;
  /** The time of the latest call of `begin`, `end` or `work` that counted. */
  #untilMs = 0;
  /** Until when an origin that is not down counts as working. */
  #worksUntilMs = -Infinity;

  /** Returns the working time at `nowMs`, which is a time on the client's clock; both in milliseconds. */
  at(nowMs: number): number {
    return nowMs - this.idleMs - (this.outages === 0 ? 0 : this.#idleSince(nowMs));
  }

  /** Notes that an outage has begun: an origin's breaker has opened. */
  begin(atMs: number): void {
    this.#note(atMs);
    // That origin may be the one that counted as working.
    this.#worksUntilMs = -Infinity;
    while (this.#begun.length > 0 && this.#begun[0]! + LONGEST_OUTAGE_MS <= atMs) this.#begun.shift();
    this.outages = this.#begun.push(atMs);
  }

  /** Notes that the outage that began at `begunAtMs` is over: the origin's breaker has closed. */
  end(begunAtMs: number, atMs: number): void {
    this.#note(atMs);
    const place = this.#begun.lastIndexOf(begunAtMs);
    if (place !== -1) this.#begun.splice(place, 1);
    this.outages = this.#begun.length;
  }

  /** Notes that an origin that is not down has served a request. */
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
