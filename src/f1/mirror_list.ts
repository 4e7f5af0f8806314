/**
 * Mirrors that may change while their client runs.
 *
 * @module
 */

import { keepMirrors } from "../client/base_urls.ts";
import type { MirrorOptions } from "../client/options.ts";
import type { Mirror } from "../policies/mirrors.ts";

/** Makes the mirror of a client. */
type MakeMirror = (options: MirrorOptions) => Mirror;

/** One mirror of the list. */
interface Entry {
  readonly url: string;
  readonly mirror: Mirror;
  /** Whether it was there when the client was made. */
  readonly isInitial: boolean;
  isEnabled: boolean;
  isRemoved: boolean;
}

/** What a list tells of a mirror. */
export interface MirrorState {
  /** The base URL, without user info. */
  readonly url: string;
  /** Whether requests may go there. */
  readonly enabled: boolean;
  /** What its circuit breaker says: `"open"` while it is left out because of its failures. */
  readonly circuit: "closed" | "open" | "half-open" | "isolated";
}

/**
 * The mirrors of one client. Pass `baseUrls` to that client; what happens to the list afterwards holds for each round that begins
 * from then on, and leaves what is in flight alone.
 *
 * The list forgets no mirror: one that was removed is off for good, so that a request which was admitted there still knows it.
 */
export class MirrorList {
  /** The `baseUrls` of the client. */
  readonly baseUrls: readonly MirrorOptions[];
  #entries: Entry[] = [];
  #mirrors: Mirror[] = [];
  #make: MakeMirror | undefined;

  /** Creates a list with the mirrors of the beginning. */
  constructor(baseUrls: readonly MirrorOptions[]) {
    this.baseUrls = [...baseUrls];
    keepMirrors(this.baseUrls, (mirrors, make) => this.#attach(mirrors, make));
  }

  /** The mirrors that have not been removed, in the order in which they are preferred. */
  list(): readonly MirrorState[] {
    return this.#present.map(({ url, isEnabled, mirror: { lane } }) => ({
      url,
      enabled: isEnabled,
      circuit: lane.breaker?.state ?? "closed",
    }));
  }

  /** Appends a mirror; one with the same base URL is replaced. */
  add(options: MirrorOptions): void {
    const mirror = this.#make!(options);
    const former = this.#present.find(({ url }) => isSame(url, mirror.base));
    this.#push(mirror, false);
    if (former !== undefined) former.isRemoved = true;
  }

  /**
   * Removes a mirror.
   *
   * @returns Whether it was there.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  remove(url: string): boolean {
    const entry = this.#find(url);
    if (entry === undefined) return false;
    this.#checkRest(entry, "remove");
    entry.isRemoved = true;
    return true;
  }

  /**
   * Lets requests go to a mirror, or leaves it out.
   *
   * @returns Whether there is such a mirror.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  enable(url: string, isEnabled: boolean): boolean {
    const entry = this.#find(url);
    if (entry === undefined) return false;
    if (!isEnabled) this.#checkRest(entry, "disable");
    entry.isEnabled = isEnabled;
    return true;
  }

  /** Goes back to the mirrors of the beginning, all of them enabled and their circuits closed. */
  reset(): void {
    for (const entry of this.#entries) {
      entry.isRemoved = !entry.isInitial;
      entry.isEnabled = true;
      if (entry.isInitial) entry.mirror.lane.breaker?.reset();
    }
  }

  #attach(mirrors: readonly Mirror[], make: MakeMirror): readonly Mirror[] {
    if (this.#make !== undefined) {
      throw new TypeError("Cannot create client as its mirrors belong to another one");
    }
    this.#make = make;
    for (const mirror of mirrors) this.#push(mirror, true);
    return this.#mirrors;
  }

  get #present(): readonly Entry[] {
    return this.#entries.filter(({ isRemoved }) => !isRemoved);
  }

  #find(url: string): Entry | undefined {
    return this.#present.find((entry) => isSame(entry.url, url));
  }

  #checkRest(entry: Entry, action: string): void {
    if (this.#present.some((other) => other !== entry && other.isEnabled)) return;
    throw new RangeError(
      `Cannot ${action} mirror as one must be left that is enabled: received '${entry.url}'`,
    );
  }

  #push(mirror: Mirror, isInitial: boolean): void {
    const entry: Entry = {
      url: mirror.base,
      mirror: { ...mirror, isOff: () => entry.isRemoved || !entry.isEnabled },
      isInitial,
      isEnabled: true,
      isRemoved: false,
    };
    this.#entries.push(entry);
    this.#mirrors.push(entry.mirror);
  }
}

/** Whether two base URLs lead to the same: a slash at the end makes no difference. */
function isSame(a: string, b: string): boolean {
  return a.replace(/\/+$/, "") === b.replace(/\/+$/, "");
}
