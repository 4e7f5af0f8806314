/**
 * One event listener per abort signal, however many wait on it: runtimes search a signal's listeners on every addition,
 * so that thousands of them cost quadratic time.
 *
 * @module
 */

/** Something that wants to know when a signal aborts. */
export interface AbortTarget {
  /** Called once, synchronously, when the signal aborts. It should not throw. */
  onAbort(signal: AbortSignal): void;
}

/** The listeners of one signal; it is the signal's one listener. */
class AbortGroup implements EventListenerObject {
  readonly targets: Set<AbortTarget> = new Set();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  handleEvent(): void {
    const errors: unknown[] = [];
    for (const target of this.targets) {
      // The listener goes with the last one.
      removeAbortListener(this.#signal, target);
      try {
        target.onAbort(this.#signal);
      } catch (error) {
        // The others still have to hear of it; then the runtime reports it as it does for any listener that throws.
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors);
  }
}

const groups = new WeakMap<AbortSignal, AbortGroup>();

/**
 * Has `target` called when `signal` aborts. Targets of one signal are called in the order in which they were added; one
 * that throws does not stop the others. Whether the signal has aborted already is for the caller to check before.
 */
export function addAbortListener(signal: AbortSignal, target: AbortTarget): void {
  let group = groups.get(signal);
  if (group === undefined) {
    group = new AbortGroup(signal);
    signal.addEventListener("abort", group);
    groups.set(signal, group);
  }
  group.targets.add(target);
}

/** Takes a target back; the signal's listener goes with the last one. Does nothing for one that does not wait. */
export function removeAbortListener(signal: AbortSignal, target: AbortTarget): void {
  const group = groups.get(signal);
  if (!group?.targets.delete(target) || group.targets.size > 0) return;
  groups.delete(signal);
  try {
    signal.removeEventListener("abort", group);
  } catch {
    // A worker at the edge, and the signal is another request's: it has no targets any more.
  }
}
