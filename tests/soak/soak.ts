/**
 * Makes many requests to a server that fails now and then, and records the result of each.
 *
 * @module
 */

import { type Client, createClient, isInvalidDataError, type Outcome } from "../../mod.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { countsOf, countTimers, heapSize, type Sample } from "./resources.ts";

/** The number of requests in a portion; all requests of a portion are made in the same way. */
const PORTION = 1_000;
/** The number of callers that make single requests at once. */
const CALLERS = 40;

/** The number of requests, and when to take samples. */
export interface SoakOptions {
  readonly url: string;
  /** The number of requests to make. */
  readonly total: number;
  /** The number of requests between two samples. */
  readonly sampleEvery: number;
  readonly onSample?: ((sample: Sample) => void) | undefined;
}

/** The results of all requests. */
export interface SoakResult {
  readonly ok: number;
  /** Failures by the name of their error. */
  readonly failed: Readonly<Record<string, number>>;
  /** Descriptions of requests that never ended, ended twice, failed unexpectedly, or got the value of another request. */
  readonly wrong: readonly string[];
  readonly samples: readonly Sample[];
}

/** Makes all requests, in several ways by turns, with one signal for all of them. */
export async function soak({ url, total, sampleEvery, onSample }: SoakOptions): Promise<SoakResult> {
  using timers = countTimers();
  const controller = new AbortController();
  const listeners = countAbortListeners(controller.signal);
  const ledger = new Ledger();
  const samples: Sample[] = [];
  await using client = createClient({
    baseUrls: url,
    timeoutMs: 400,
    maxRetries: 6,
    backoff: { baseMs: 5, jitter: "full", maxMs: 50 },
  });
  for (let first = 0, turn = 0; first < total; first += PORTION, turn++) {
    const numbers = Array.from({ length: Math.min(PORTION, total - first) }, (_, index) => first + index);
    await WAYS[turn % WAYS.length]!(client, numbers, controller.signal, ledger);
    ledger.close(numbers);
    const requests = first + numbers.length;
    if (requests % sampleEvery !== 0 && requests < total) continue;
    const heap = await heapSize();
    const { open: sockets } = await countsOf(url);
    const sample = { requests, heap, sockets, timers: timers.count, listeners: listeners.now };
    samples.push(sample);
    onSample?.(sample);
  }
  return { ...ledger, samples };
}

/** Records how each request ends. */
class Ledger {
  ok = 0;
  readonly failed: Record<string, number> = {};
  readonly wrong: string[] = [];
  #ended: Set<number> = new Set();

  /** Records a value, and checks that it belongs to the request. */
  value(number: number, value: unknown): void {
    this.#end(number);
    this.ok++;
    if ((value as { readonly n?: unknown } | undefined)?.n !== number) {
      this.wrong.push(`${number} has another's value`);
    }
  }

  /** Records a failure. Only an `InvalidDataError` is expected, for wrong content; retries must overcome all other faults. */
  error(number: number, error: unknown): void {
    this.#end(number);
    const name = error instanceof Error ? error.name : String(error);
    this.failed[name] = (this.failed[name] ?? 0) + 1;
    if (!isInvalidDataError(error)) this.wrong.push(`${number} has failed: ${error}`);
  }

  outcome(number: number, outcome: Outcome<unknown>): void {
    if (outcome.ok) this.value(number, outcome.value);
    else this.error(number, outcome.error);
  }

  #end(number: number): void {
    if (this.#ended.has(number)) this.wrong.push(`${number} has ended twice`);
    this.#ended.add(number);
  }

  /** Ends a portion: checks that all of its requests have ended. */
  close(numbers: readonly number[]): void {
    for (const number of numbers) if (!this.#ended.has(number)) this.wrong.push(`${number} has not ended`);
    this.#ended = new Set();
  }
}

type Way = (client: Client, numbers: readonly number[], signal: AbortSignal, ledger: Ledger) => Promise<void>;

const WAYS: readonly Way[] = [
  async (client, numbers, signal, ledger) => {
    for await (const outcome of client.stream(numbers.map(pathOf), { signal })) {
      ledger.outcome(numbers[outcome.index]!, outcome);
    }
  },
  oneByOne(async (client, number, signal, ledger) => {
    ledger.value(number, await client.json(pathOf(number), { signal }));
  }),
  async (client, numbers, signal, ledger) => {
    const outcomes = await client.settle(numbers.map(pathOf), { signal });
    outcomes.forEach((outcome, index) => ledger.outcome(numbers[index]!, outcome));
  },
  oneByOne(async (client, number, signal, ledger) => {
    ledger.outcome(number, await client.outcome(pathOf(number), { signal }));
  }),
  oneByOne(async (client, number, signal, ledger) => {
    // Either the body is complete, or reading it fails and the caller fetches again. Some callers cancel the body instead.
    for (;;) {
      const response = await client.fetch(pathOf(number), { signal });
      if (number % 3 === 0) {
        // Cancelling a body that has already broken off rejects.
        await response.body?.cancel().catch(() => {});
        return ledger.value(number, { n: number });
      }
      const text = await response.text().catch(() => undefined);
      if (text?.startsWith("{")) return ledger.value(number, JSON.parse(text));
    }
  }),
];

function oneByOne(
  ask: (client: Client, number: number, signal: AbortSignal, ledger: Ledger) => Promise<void>,
): Way {
  return async (client, numbers, signal, ledger) => {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < numbers.length) {
        const number = numbers[next++]!;
        await ask(client, number, signal, ledger).catch((error) => ledger.error(number, error));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, work));
  };
}

function pathOf(number: number): string {
  return `/item/${number}`;
}
