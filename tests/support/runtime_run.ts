/**
 * The run of test files on one runtime.
 *
 * @module
 */

import type { OutputWriter } from "./held_output.ts";
import type { TestProject } from "./test_project.ts";

/** Options of `runOnDeno()` and `runOnBun()`. */
export interface RuntimeRunOptions {
  /** A text that the names of the tests to run contain. */
  readonly filter: string | undefined;
  /** The test project that provides the tests' packages, if they don't come from the main project. */
  readonly project: TestProject | undefined;
  /** Where the output of the tests goes. */
  readonly output: OutputWriter;
}
