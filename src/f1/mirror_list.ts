/**
 * A list of mirrors that can change while its client runs.
 *
 * @module
 */

import { keepMirrors } from "../client/base_urls.ts";
import type { MirrorOptions } from "../client/options.ts";
import type { LooksAgain } from "../lanes/admission_waiter.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Mirror } from "../policies/mirror.ts";

/** Makes a mirror for a client, with that client's headers. */
type MakeMirror = (options: MirrorOptions) => Mirror;

/** The client, or an extension of it, which shares the mirrors but has its own headers. */
interface Follower {
  /** The client's array of mirrors; weak, because an extension may be garbage-collected. */
  readonly mirrors: WeakRef<Mirror[]>;
  readonly make: MakeMirror;
}

/** One mirror of the list. */
interface Entry {
  readonly url: string;
  readonly options: MirrorOptions;
  readonly lane: Lane;
  /** Whether the mirror was in the list when the client was created. */
  readonly isInitial: boolean;
  isEnabled: boolean;
  isRemoved: boolean;
}

/** One mirror of a source. */
export interface F1Mirror {
  /** The base URL, without user info. */
  readonly url: string;
  /** Whether requests may go to the mirror. */
  readonly enabled: boolean;
  /** The state of its circuit breaker: `"open"` while requests skip the mirror because of its failures. */
  readonly circuit: "closed" | "open" | "half-open" | "isolated";
}

/**
 * The mirrors of one client and its extensions. Pass `baseUrls` to that client. A later change of the list applies to each
 * request that is sent afterwards, also to requests in line; requests in flight go on.
 *
 * The list forgets no mirror. A removed one stays in the list and is off, so that a request that was admitted to it before still
 * finds it.
 */
export class MirrorList {
  /** The option `baseUrls` for the client. */
  readonly baseUrls: readonly MirrorOptions[];
  readonly #inLine = new Set<LooksAgain>();
  #entries: Entry[] = [];
  #followers: Follower[] = [];

  /** Creates a list with the initial mirrors. */
  constructor(baseUrls: readonly MirrorOptions[]) {
    this.baseUrls = [...baseUrls];
    keepMirrors(this.baseUrls, (mirrors, make) => this.#attach(mirrors, make));
  }

  /** Lists the mirrors that have not been removed, preferred first. */
  list(): readonly F1Mirror[] {
    return this.#present.map(({ url, isEnabled, lane }) => ({
      url,
      enabled: isEnabled,
      circuit: lane.breaker?.state ?? "closed",
    }));
  }

  /** Appends a mirror. It replaces a mirror with the same base URL. */
  add(options: MirrorOptions): void {
    // Make one mirror for each client, because each client has its own headers.
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
   * @returns Whether the mirror was in the list.
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
   * Enables or disables a mirror.
   *
   * @returns Whether the mirror is in the list.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  enable(url: string, isEnabled: boolean): boolean {
    const found = this.#find(url);
    if (!isEnabled) this.#checkRest(found, "disable");
    for (const entry of found) entry.isEnabled = isEnabled;
    this.#tell();
    return found.length > 0;
  }

  /** Restores the initial mirrors, enables all of them, and closes their circuit breakers. */
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

  /** Returns a copy of the mirror that is off while its entry is disabled or removed. */
  #switched(mirror: Mirror, entry: Entry): Mirror {
    return { ...mirror, isOff: () => entry.isRemoved || !entry.isEnabled, inLine: this.#inLine };
  }

  /** Tells the requests in line that the mirrors have changed, so that they choose among the new ones. */
  #tell(): void {
    for (const waiting of [...this.#inLine]) waiting.lookAgain();
  }

  get #present(): readonly Entry[] {
    return this.#entries.filter(({ isRemoved }) => !isRemoved);
  }

  /** Returns all entries with a base URL: `baseUrls` may contain the same mirror twice. */
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

/** Whether two base URLs are the same apart from slashes at the end. */
function isSame(a: string, b: string): boolean {
  return a.replace(/\/+$/, "") === b.replace(/\/+$/, "");
}
