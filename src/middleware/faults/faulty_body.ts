/**
 * Real bodies that break off, stop or drip.
 *
 * @module
 */

import type { Clock } from "../../primitives/clock.ts";
import { abortable, sleep } from "../abortable.ts";

/** What is done to a body. */
export interface BodyDamage {
  /** How many bytes come; half of the body's length, or else of its first chunk, if absent. */
  readonly afterBytes?: number | undefined;
  /** What comes after them: a failure of the network, an end that looks right, nothing, or what comes anyway. */
  readonly ending: "cut" | "end" | "stall" | "none";
  /** How fast they come, in bytes a second. */
  readonly bytesPerSecond?: number | undefined;
}

/** What a faulty body lives on. */
export interface BodySurroundings {
  readonly clock: Clock;
  /** Ends a body that waits. */
  readonly signal: AbortSignal;
  /** The length of the body as announced. */
  readonly length: number | undefined;
  /** What it breaks with. */
  readonly error: () => Error;
}

/** One chunk of a body that drips takes at most this long, so that its bytes come evenly. */
const PACE_MS = 20;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Damages a body. Nothing is read ahead of the reader.
 *
 * @param body The body.
 * @param damage What is done to it.
 * @param surroundings What it lives on.
 * @returns The body as its reader gets it.
 */
export function faultyBody(
  body: ReadableStream<Bytes>,
  damage: BodyDamage,
  surroundings: BodySurroundings,
): ReadableStream<Bytes> {
  const own = new AbortController();
  const source = new FaultyBody(body, damage, { ...surroundings, reader: own.signal });
  return new ReadableStream<Bytes>({
    pull: async (controller) => {
      const chunk = await source.next();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => {
      own.abort(reason);
      return source.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** The chunks of a damaged body. */
class FaultyBody {
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #damage: BodyDamage;
  readonly #around: BodySurroundings & { readonly reader: AbortSignal };
  #limit: number | undefined;
  #sent = 0;
  #startedAtMs: number | undefined;
  /** What was read and has not been sent. */
  #rest: Bytes | undefined;

  constructor(
    body: ReadableStream<Bytes>,
    damage: BodyDamage,
    around: BodySurroundings & { readonly reader: AbortSignal },
  ) {
    this.#reader = body.getReader();
    this.#damage = damage;
    this.#around = around;
    const { afterBytes, ending } = damage;
    const { length } = around;
    this.#limit = ending === "none"
      ? Infinity
      : afterBytes ?? (length === undefined ? undefined : length >> 1);
  }

  /** The next chunk; `undefined` at the end. */
  async next(): Promise<Bytes | undefined> {
    if (this.#limit !== undefined && this.#sent >= this.#limit) return await this.#end();
    this.#rest ??= (await this.#reader.read()).value;
    if (this.#rest === undefined) return await this.#end();
    this.#limit ??= Math.ceil(this.#rest.length / 2);
    const { bytesPerSecond = Infinity } = this.#damage;
    const most = Math.min(
      this.#limit - this.#sent,
      Math.max(1, Math.floor(bytesPerSecond * PACE_MS / 1_000)),
    );
    const chunk = this.#rest.slice(0, most);
    this.#rest = chunk.length < this.#rest.length ? this.#rest.slice(chunk.length) : undefined;
    this.#sent += chunk.length;
    if (bytesPerSecond !== Infinity) await this.#pace(bytesPerSecond);
    return chunk;
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }

  /** The moment is reckoned from the start of the body, so that late timers do not add up. */
  async #pace(bytesPerSecond: number): Promise<void> {
    const { clock } = this.#around;
    this.#startedAtMs ??= clock.now();
    const dueAtMs = this.#startedAtMs + this.#sent / bytesPerSecond * 1_000;
    await this.#wait(dueAtMs - clock.now());
  }

  async #end(): Promise<undefined> {
    const { ending } = this.#damage;
    if (ending === "none") return undefined;
    if (ending === "stall") await this.#wait(Infinity);
    // The rest of it will not be read.
    this.#reader.cancel().catch(() => {});
    if (ending === "cut") throw this.#around.error();
    return undefined;
  }

  /** The attempt or the reader, whichever leaves first, ends it. */
  async #wait(ms: number): Promise<void> {
    const { clock, signal, reader } = this.#around;
    if (ms > 0) await abortable(sleep(ms, { clock, signal }), reader);
  }
}
