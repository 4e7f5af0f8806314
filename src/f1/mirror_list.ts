/**
 * Mirrors that may change while their client runs.
 *
 * @module
 */

import { keepMirrors } from "../client/base_urls.ts";
import type { MirrorOptions } from "../client/options.ts";
import type { LooksAgain } from "../lanes/admission_waiter.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Mirror } from "../policies/mirror.ts";

/** Makes the mirror of a client. */
type MakeMirror = (options: MirrorOptions) => Mirror;

/** The client, or an extension of it, which has the same mirrors with headers of its own. */
interface Follower {
  /** What it asks; an extension may be gone. */
  readonly mirrors: WeakRef<Mirror[]>;
  readonly make: MakeMirror;
}

/** One mirror of the list. */
interface Entry {
  readonly url: string;
  readonly options: MirrorOptions;
  readonly lane: Lane;
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
 * The mirrors of one client and its extensions. Pass `baseUrls` to that client; what happens to the list afterwards holds for each
 * request that is sent from then on, also if it is in line, and leaves what is in flight alone.
 *
 * The list forgets no mirror: one that was removed is off for good, so that a request which was admitted there still knows it.
 */
export class MirrorList {
  /** The `baseUrls` of the client. */
  readonly baseUrls: readonly MirrorOptions[];
  readonly #inLine = new Set<LooksAgain>();
  #entries: Entry[] = [];
  #followers: Follower[] = [];

  /** Creates a list with the mirrors of the beginning. */
  constructor(baseUrls: readonly MirrorOptions[]) {
    this.baseUrls = [...baseUrls];
    keepMirrors(this.baseUrls, (mirrors, make) => this.#attach(mirrors, make));
  }

  /** The mirrors that have not been removed, in the order in which they are preferred. */
  list(): readonly MirrorState[] {
    return this.#present.map(({ url, isEnabled, lane }) => ({
      url,
      enabled: isEnabled,
      circuit: lane.breaker?.state ?? "closed",
    }));
  }

  /** Appends a mirror; one with the same base URL is replaced. */
  add(options: MirrorOptions): void {
    // Each with the headers of its client.
    const made = this.#followers.map(({ make }) => make(options));
    const { base, lane } = made[0]!;
    const former = this.#find(base);
    const entry = { url: base, options, lane, isInitial: false, isEnabled: true, isRemoved: false };
    this.#entries.push(entry);
    for (const [nth, { mirrors }] of this.#followers.entries()) {
      mirrors.deref()?.push(this.#switched(made[nth]!, entry));
    }
    for (const other of former) other.isRemoved = true;
    this.#tell();
  }

  /**
   * Removes a mirror.
   *
   * @returns Whether it was there.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  remove(url: string): boolean {
    const found = this.#find(url);
    this.#checkRest(found, "remove");
    for (const entry of found) entry.isRemoved = true;
    this.#tell();
    return found.length > 0;
  }

  /**
   * Lets requests go to a mirror, or leaves it out.
   *
   * @returns Whether there is such a mirror.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  enable(url: string, isEnabled: boolean): boolean {
    const found = this.#find(url);
    if (!isEnabled) this.#checkRest(found, "disable");
    for (const entry of found) entry.isEnabled = isEnabled;
    this.#tell();
    return found.length > 0;
  }

  /** Goes back to the mirrors of the beginning, all of them enabled and their circuits closed. */
  reset(): void {
    for (const entry of this.#entries) {
      entry.isRemoved = !entry.isInitial;
      entry.isEnabled = true;
      if (entry.isInitial) entry.lane.breaker?.reset();
    }
    this.#tell();
  }

  #attach(mirrors: readonly Mirror[], make: MakeMirror): readonly Mirror[] {
    if (this.#entries.length === 0) {
      this.#entries = mirrors.map(({ base: url, lane }, nth) => ({
        url,
        options: this.baseUrls[nth]!,
        lane,
        isInitial: true,
        isEnabled: true,
        isRemoved: false,
      }));
    } else if (mirrors[0]!.lane !== this.#entries[0]!.lane) {
      throw new TypeError("Cannot create client as its mirrors belong to another one");
    }
    const own = this.#entries.map((entry, nth) => this.#switched(mirrors[nth] ?? make(entry.options), entry));
    this.#followers = this.#followers.filter(({ mirrors }) => mirrors.deref() !== undefined);
    this.#followers.push({ mirrors: new WeakRef(own), make });
    return own;
  }

  /** The mirror, which is asked as long as its entry says so. */
  #switched(mirror: Mirror, entry: Entry): Mirror {
    return { ...mirror, isOff: () => entry.isRemoved || !entry.isEnabled, inLine: this.#inLine };
  }

  /** Tells the requests in line that the mirrors have changed. */
  #tell(): void {
    for (const waiting of [...this.#inLine]) waiting.lookAgain();
  }

  get #present(): readonly Entry[] {
    return this.#entries.filter(({ isRemoved }) => !isRemoved);
  }

  /** A client may have been given the same mirror twice. */
  #find(url: string): readonly Entry[] {
    return this.#present.filter((entry) => isSame(entry.url, url));
  }

  #checkRest(found: readonly Entry[], action: string): void {
    if (this.#present.some((other) => other.isEnabled && !found.includes(other))) return;
    throw new RangeError(
      `Cannot ${action} mirror as one must be left that is enabled: received '${found[0]?.url}'`,
    );
  }
}

/** Whether two base URLs lead to the same: a slash at the end makes no difference. */
function isSame(a: string, b: string): boolean {
  return a.replace(/\/+$/, "") === b.replace(/\/+$/, "");
}
