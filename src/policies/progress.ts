/**
 * The progress of a body.
 *
 * @module
 */

import { contentLength } from "../http/body.ts";
import { redactUrl } from "../http/url.ts";
import type { Clock } from "../primitives/clock.ts";
import type { Call } from "./call.ts";
import type { Target } from "./journey.ts";
import type { Reporter } from "./event.ts";
import type { Progress } from "./settings.ts";

/** The objects that progress reports need. */
export interface ProgressContext {
  /** The number of the attempt. */
  readonly attempt: number;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

/**
 * Reports the progress of a body to the caller of a request, and to all callers that wait for the same response.
 *
 * @param call The call.
 * @param target The target of the attempt.
 * @param response The response.
 * @param context The number of the attempt, and the reporter of callbacks that throw.
 * @returns A function to call with the length of each chunk; `undefined` without a listener.
 */
export function progressOf(
  call: Call,
  target: Target,
  response: Response,
  context: ProgressContext,
): ((bytes: number) => void) | undefined {
  if (call.settings.onProgress === undefined) return undefined;
  const { attempt } = context;
  // A constructed response has no URL of its own.
  const url = response.url === "" ? call.describe(target).url : redactUrl(response.url);
  // The decoded length of a compressed body is unknown.
  const isCoded = response.headers.has("content-encoding");
  const totalBytes = isCoded ? undefined : contentLength(response.headers);
  let bytes = 0;
  const handOn = progressTeller(context);
  const tell = ({ settings: { onProgress }, settled, streams }: Call, progress: Progress): void => {
    if (onProgress !== undefined && (!settled || streams)) handOn(onProgress, progress);
  };
  return (length) => {
    bytes += length;
    const progress: Progress = { url, attempt, bytes, totalBytes };
    tell(call, progress);
    for (const follower of call.flight?.followers ?? []) tell(follower, progress);
  };
}

/**
 * Creates a function that calls progress listeners. An error of a listener breaks nothing; the first one becomes a warning event.
 *
 * @param context The reporter of warnings.
 * @returns Calls a listener.
 */
export function progressTeller(
  { clock, reporter }: Pick<ProgressContext, "clock" | "reporter">,
): (listener: (progress: Progress) => void, progress: Progress) => void {
  let hasWarned = false;
  // A listener must not break a request.
  const warn = (url: string, error: unknown): void => {
    if (hasWarned || !reporter.active) return;
    hasWarned = true;
    const message = `The 'onProgress' of ${url} has thrown`;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "onProgress", message, error });
  };
  return (listener, progress) => {
    try {
      const told: unknown = listener(progress);
      // An async function rejects later, which would end the process.
      if (told instanceof Promise) told.catch((error) => warn(progress.url, error));
    } catch (error) {
      warn(progress.url, error);
    }
  };
}
