import { assertEquals } from "@std/assert";
import { PermitLedger, PermitWaiter } from "../../src/primitives/permit_ledger.ts";
import { test } from "../support/test.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";

class Waiter extends PermitWaiter {
  readonly #log: string[];

  constructor(
    ledger: PermitLedger,
    readonly name: string,
    weight: number,
    log: string[],
    signal?: AbortSignal,
    priority = 0,
  ) {
    super(ledger, weight, priority, signal);
    this.#log = log;
  }

  grant(): void {
    this.#log.push(this.name);
  }

  reject(reason: unknown): void {
    this.#log.push(`${this.name}: ${reason}`);
  }
}

test("PermitLedger gives returned permits to the head of the queue, and to no waiter past it", () => {
  const log: string[] = [];
  const ledger = new PermitLedger(3);
  assertEquals([ledger.take(3), ledger.take(1)], [true, false]);
  ledger.enqueue(new Waiter(ledger, "heavy", 2, log));
  ledger.enqueue(new Waiter(ledger, "light", 1, log));
  ledger.give(1);
  assertEquals([log, ledger.take(1), ledger.waiters.size], [[], false, 2]);
  ledger.give(2);
  assertEquals([log, ledger.inUse, ledger.waiters.size], [["heavy", "light"], 3, 0]);
});

test("PermitLedger admits at once the waiters that an aborted head held up", () => {
  const log: string[] = [];
  const controller = new AbortController();
  const ledger = new PermitLedger(2);
  ledger.take(1);
  ledger.enqueue(new Waiter(ledger, "heavy", 2, log, controller.signal));
  ledger.enqueue(new Waiter(ledger, "light", 1, log));
  controller.abort("enough");
  assertEquals([log, ledger.inUse], [["heavy: enough", "light"], 2]);
});

test("PermitLedger admits a weight of 0 whatever is in use", () => {
  const ledger = new PermitLedger(1);
  ledger.take(1);
  assertEquals([ledger.take(0), ledger.inUse], [true, 1]);
});

test("PermitLedger admits a waiter at once that fits, and goes before a heavier one of a lower priority", () => {
  const log: string[] = [];
  const ledger = new PermitLedger(3);
  ledger.take(2);
  ledger.enqueue(new Waiter(ledger, "heavy", 2, log));
  ledger.enqueue(new Waiter(ledger, "behind", 1, log));
  assertEquals(log, []);
  ledger.enqueue(new Waiter(ledger, "urgent", 1, log, undefined, 1));
  assertEquals([log, ledger.inUse, ledger.waiters.size], [["urgent"], 3, 2]);
  ledger.enqueue(new Waiter(ledger, "too late", 1, log, undefined, 1));
  ledger.give(3);
  assertEquals([log, ledger.inUse], [["urgent", "too late", "heavy"], 3]);
});

test("PermitLedger leaves no listener of a waiter that is admitted as soon as it is in the queue", () => {
  const log: string[] = [];
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  const ledger = new PermitLedger(2);
  ledger.take(1);
  ledger.enqueue(new Waiter(ledger, "heavy", 2, log));
  ledger.enqueue(new Waiter(ledger, "urgent", 1, log, signal, 1));
  assertEquals([log, count.now], [["urgent"], 0]);
});
