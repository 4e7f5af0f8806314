/**
 * Retries as programs commonly write them by hand: at most three, with exponential backoff and jitter. A `Retry-After` from
 * the server replaces the backoff.
 *
 * @module
 */

const MAX_RETRIES = 3;
const PAUSE_MS = 500;
const TIMEOUT_MS = 30_000;

/** Fetches and parses one URL. */
export async function getWithRetries(url: string): Promise<unknown> {
  for (let retry = 0;; retry++) {
    let pauseMs = PAUSE_MS * 2 ** retry * (0.5 + Math.random());
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.ok) return await response.json();
      await response.body?.cancel();
      if (response.status < 500 && response.status !== 429 || retry === MAX_RETRIES) {
        throw new DOMException(`${url} answers ${response.status}`, "OperationError");
      }
      pauseMs = Number(response.headers.get("retry-after")) * 1_000 || pauseMs;
    } catch (error) {
      if (error instanceof DOMException && error.name === "OperationError" || retry === MAX_RETRIES) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
