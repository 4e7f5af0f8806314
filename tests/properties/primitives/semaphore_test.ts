import { assertEquals } from "@std/assert";
import type { Permit } from "../../../src/primitives/permit.ts";
import { Semaphore } from "../../../src/primitives/semaphore.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";
import { microtasks } from "../../support/microtasks.ts";

/** An operation on a semaphore. `which` selects one of the held permits or of the waiters, modulo their number. */
type Step =
  | { readonly do: "acquire"; readonly weight: number; readonly priority: number }
  | { readonly do: "try"; readonly weight: number }
  | { readonly do: "release"; readonly which: number }
  | { readonly do: "abort"; readonly which: number }
  | { readonly do: "resize"; readonly capacity: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("acquire" as const), weight: fc.nat(4), priority: fc.nat(2) }),
  fc.record({ do: fc.constant("try" as const), weight: fc.nat(4) }),
  fc.record({ do: fc.constant("release" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("abort" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("resize" as const), capacity: fc.integer({ min: 1, max: 5 }) }),
);

interface Ticket {
  readonly id: number;
  readonly weight: number;
  readonly priority: number;
}

/** The simplest semaphore that follows the documentation: a sorted list of waiters, of which the first is next if it fits. */
class Reference {
  inUse = 0;
  readonly granted: number[] = [];
  #waiting: Ticket[] = [];

  constructor(public capacity: number) {}

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Grants a ticket at once, or lets it wait if `waits`; returns whether it was granted at once. */
  take(ticket: Ticket, waits: boolean): boolean {
    const fits = ticket.weight === 0 ||
      (this.#waiting.length === 0 && this.inUse + ticket.weight <= this.capacity);
    if (fits) this.#grant(ticket);
    else if (waits) {
      const before = this.#waiting.filter(({ priority }) => priority >= ticket.priority);
      this.#waiting.splice(before.length, 0, ticket);
      this.drain();
    }
    return fits;
  }

  leave(id: number): void {
    this.#waiting = this.#waiting.filter((ticket) => ticket.id !== id);
    this.drain();
  }

  drain(): void {
    for (
      let [head] = this.#waiting;
      head && this.inUse + head.weight <= this.capacity;
      [head] = this.#waiting
    ) {
      this.#waiting.shift();
      this.#grant(head);
    }
  }

  #grant({ id, weight }: Ticket): void {
    this.inUse += weight;
    this.granted.push(id);
  }
}

test("Semaphore does what the simplest one does, whatever is done to it", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const semaphore = new Semaphore(3);
    const reference = new Reference(3);
    const granted: number[] = [];
    const held: { readonly permit: Permit; readonly weight: number }[] = [];
    const waiting = new Map<number, AbortController>();
    for (const [id, step] of steps.entries()) {
      if (step.do === "resize") {
        semaphore.resize(step.capacity);
        reference.capacity = step.capacity;
        reference.drain();
      } else if (step.do === "release") {
        const [released] = held.splice(step.which % (held.length || 1), 1);
        // The second release must have no effect.
        for (let times = 0; times < 2; times++) released?.permit.release();
        reference.inUse -= released?.weight ?? 0;
        reference.drain();
      } else if (step.do === "abort") {
        const [waiter, controller] = [...waiting][step.which % (waiting.size || 1)] ?? [-1, undefined];
        controller?.abort();
        waiting.delete(waiter);
        reference.leave(waiter);
      } else if (step.weight <= semaphore.capacity) {
        const { weight } = step;
        const priority = step.do === "acquire" ? step.priority : 0;
        const keep = (permit: Permit): void => {
          waiting.delete(id);
          held.push({ permit, weight });
          granted.push(id);
        };
        const isAtOnce = reference.take({ id, weight, priority }, step.do === "acquire");
        if (step.do === "acquire") {
          const controller = new AbortController();
          waiting.set(id, controller);
          semaphore.acquire(weight, { priority, signal: controller.signal }).then(keep, () => {});
        } else {
          const permit = semaphore.tryAcquire(weight);
          assertEquals(permit !== undefined, isAtOnce);
          if (permit !== undefined) keep(permit);
        }
      }
      await microtasks(5);
      assertEquals(granted, reference.granted, `after step ${id}`);
      assertEquals([semaphore.inUse, semaphore.waiting], [reference.inUse, reference.waiting]);
    }
    for (const controller of waiting.values()) controller.abort();
    await microtasks(5);
    for (const { permit } of held) permit.release();
    assertEquals([semaphore.inUse, semaphore.waiting], [0, 0]);
  }));
});
