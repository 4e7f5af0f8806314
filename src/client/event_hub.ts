/**
 * The listeners of a client, which hear everything that happens.
 *
 * @module
 */

import type { ClientEvent, Reporter } from "../policies/event.ts";
import { describeKind } from "../primitives/argument_checks.ts";
import type { Clock } from "../primitives/clock.ts";
import "../primitives/dispose_symbols.ts";
import { Observers } from "../primitives/observers.ts";
import { showErrorInJson } from "./error_json.ts";

/** Hands events to listeners in the order in which they came. If a listener throws, the others get a warning. */
export class EventHub implements Reporter {
  /** Whether there is a listener. */
  active = false;
  readonly #clock: Clock;
  /**
   * The listeners. The warning of a listener that threw goes only to the others, because one that always throws would cause
   * warnings without end.
   */
  readonly #listeners = new Observers<ClientEvent>((listener, error, isWarning) => {
    if (!isWarning) this.#listeners.notify(this.#warning(error), listener);
  });

  /** Creates the hub; the clock dates its own warnings. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a listener; disposing the result removes it. A listener that was added twice hears everything twice. */
  on(listener: (event: ClientEvent) => void): Disposable {
    if (typeof listener !== "function") {
      throw new TypeError(
        `Cannot listen as the listener must be a function: received ${describeKind(listener)}`,
      );
    }
    const added = this.#listeners.add(listener);
    this.active = true;
    return {
      [Symbol.dispose]: () => {
        added[Symbol.dispose]();
        this.active = this.#listeners.size > 0;
      },
    };
  }

  emit(event: ClientEvent): void {
    this.#listeners.notify("error" in event ? showErrorInJson<ClientEvent>(event) : event);
  }

  #warning(error: unknown): ClientEvent {
    const message = "A listener of client.on() threw";
    return showErrorInJson<ClientEvent>({
      type: "warning",
      atMs: this.#clock.now(),
      source: "listener",
      message,
      error,
    });
  }
}
