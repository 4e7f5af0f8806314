/**
 * How far a body has come.
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

/** What the progress of a body is told by. */
export interface ProgressSurroundings {
  /** Which attempt it is. */
  readonly attempt: number;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

/**
 * Tells the caller of a request, and all others that wait for the same, how much of its body has come.
 *
 * @param call The call.
 * @param target Where it was sent.
 * @param response What has come of it.
 * @param surroundings Which attempt it is, and where a callback that throws is told of.
 * @returns What is to be called with the length of each chunk; `undefined` without a listener.
 */
export function progressOf(
  call: Call,
  target: Target,
  response: Response,
  surroundings: ProgressSurroundings,
): ((bytes: number) => void) | undefined {
  if (call.settings.onProgress === undefined) return undefined;
  const { attempt } = surroundings;
  // A response that was constructed has no URL of its own.
  const url = response.url === "" ? call.describe(target).url : redactUrl(response.url);
  // The length of what is decoded on the way is unknown.
  const isCoded = response.headers.has("content-encoding");
  const totalBytes = isCoded ? undefined : contentLength(response.headers);
  let bytes = 0;
  const handOn = progressTeller(surroundings);
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
 * Makes what hands progress to listeners. What a listener throws breaks nothing; the first time is a warning event.
 *
 * @param surroundings Where warnings go.
 * @returns Calls a listener.
 */
export function progressTeller(
  { clock, reporter }: Pick<ProgressSurroundings, "clock" | "reporter">,
): (listener: (progress: Progress) => void, progress: Progress) => void {
  let hasWarned = false;
  // A listener can't break a request.
  const warn = (url: string, error: unknown): void => {
    if (hasWarned || !reporter.active) return;
    hasWarned = true;
    const message = `The 'onProgress' of ${url} has thrown`;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "onProgress", message, error });
  };
  return (listener, progress) => {
    try {
      const told: unknown = listener(progress);
      // An async function fails later, and would end the process.
      if (told instanceof Promise) told.catch((error) => warn(progress.url, error));
    } catch (error) {
      warn(progress.url, error);
    }
  };
}
