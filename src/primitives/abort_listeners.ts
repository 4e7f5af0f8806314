/**
 * One event listener per abort signal, however many targets wait for the abort: runtimes search a signal's listeners on every
 * addition, so that thousands of listeners cost quadratic time.
 *
 * @module
 */

/** A receiver of a signal's abort. */
export interface AbortTarget {
  /** Called once, synchronously, when the signal aborts. It should not throw. */
  onAbort(signal: AbortSignal): void;
}

/** The targets of one signal. The group is the signal's only event listener. */
class AbortGroup implements EventListenerObject {
  readonly targets: Set<AbortTarget> = new Set();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  handleEvent(): void {
    const errors: unknown[] = [];
    for (const target of this.targets) {
      // Removing the last target also removes the group from the signal.
      removeAbortListener(this.#signal, target);
      try {
        target.onAbort(this.#signal);
      } catch (error) {
        // Call the other targets first; then the runtime reports the error as for any listener that throws.
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors);
  }
}

const groups = new WeakMap<AbortSignal, AbortGroup>();

/**
 * Adds a target that is called when `signal` aborts. Targets of one signal are called in the order in which they were added; a
 * target that throws does not stop the others. The caller must check before whether the signal has aborted already.
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

/** Removes a target, and with the last one the signal's event listener. Does nothing for a target that was not added. */
export function removeAbortListener(signal: AbortSignal, target: AbortTarget): void {
  const group = groups.get(signal);
  if (!group?.targets.delete(target) || group.targets.size > 0) return;
  groups.delete(signal);
  try {
    signal.removeEventListener("abort", group);
  } catch {
    // In a worker at the edge, the signal of another request can't be touched. Its group has no targets any more.
  }
}
