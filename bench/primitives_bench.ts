/**
 * How much do the primitives cost, beside those of other packages? Each runs 1,000 tasks that do nothing, one after the
 * other. Then some run 10,000 tasks that wait for 20 permits.
 *
 * @module
 */

import { createGuard, type Guard, runTasks } from "./support/guards.ts";
import type { Run } from "./support/rival_terms.ts";
import { RivalUnavailableError } from "./support/rivals.ts";

const GROUPS: Readonly<Record<string, readonly Guard[]>> = {
  "1,000 tasks under a permit": [
    "try and finally",
    "Semaphore.run",
    "Semaphore.acquire",
    "cockatiel bulkhead",
    "async-sema",
    "p-limit",
  ],
  "1,000 tasks through a closed circuit": [
    "no guard",
    "CircuitBreaker.run, in a row",
    "cockatiel ConsecutiveBreaker",
    "CircuitBreaker.run, by share",
    "cockatiel SamplingBreaker",
    "opossum",
  ],
  "1,000 tasks through permit, token and circuit": [
    "try and finally",
    "semaphore + bucket + breaker",
    "p-limit + limiter + cockatiel",
  ],
};
const WAITING: readonly Guard[] = ["Semaphore.run", "async-sema", "p-limit", "cockatiel bulkhead"];

for (const [group, guards] of Object.entries(GROUPS)) {
  for (const guard of guards) {
    await withGuard(guard, (run) => {
      const fn = async (): Promise<void> => await runTasks(run, 1_000);
      Deno.bench({ name: guard, group, baseline: guard === guards[0], fn });
    });
  }
}
// Bottleneck waits for a timer at every step, so 1,000 tasks would take seconds: it runs only 5.
await withGuard("Semaphore.run", (run) => {
  const group = "5 tasks under a permit";
  Deno.bench({ name: "Semaphore.run", group, baseline: true, fn: async () => await runTasks(run, 5) });
});
await withGuard("bottleneck", (run) => {
  Deno.bench({
    name: "bottleneck",
    group: "5 tasks under a permit",
    n: 20,
    fn: async () => await runTasks(run, 5),
  });
});
for (const guard of WAITING) {
  await withGuard(guard, (run) => {
    const group = "10,000 tasks that wait for 20 permits";
    const fn = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 10_000 }, () => run(() => Promise.resolve())));
    };
    Deno.bench({ name: guard, group, baseline: guard === WAITING[0], fn });
  });
}

async function withGuard(guard: Guard, register: (run: Run) => void): Promise<void> {
  try {
    register(await createGuard(guard));
  } catch (error) {
    if (!(error instanceof RivalUnavailableError)) throw error;
    console.error(`not measured: ${error.message}`);
  }
}
