/**
 * How much does it cost to run a task through one primitive, beside another primitive?
 *
 * @module
 */

import { createGuard, type Guard, runTasks } from "../support/guards.ts";
import { program } from "../support/program.ts";
import { alternate, type Comparison, type Pair } from "../support/slices.ts";

/** Options. */
export interface GuardOptions extends Pick<Comparison, "first" | "pairs" | "warmup"> {
  readonly ours: Guard;
  readonly theirs: Guard;
  /** The number of tasks in a slice. */
  readonly tasks: number;
}

await program(async (options: GuardOptions): Promise<Pair[]> => {
  const [ours, theirs] = await Promise.all([createGuard(options.ours), createGuard(options.theirs)]);
  return await alternate({
    ...options,
    ours: () => runTasks(ours, options.tasks),
    theirs: () => runTasks(theirs, options.tasks),
  });
});
