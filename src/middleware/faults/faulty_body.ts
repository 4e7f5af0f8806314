/**
 * Damages real response bodies: cuts them, stalls them or slows them down.
 *
 * @module
 */

import type { Clock } from "../../primitives/clock.ts";
import { abortable, sleep } from "../abortable.ts";

/** The damage to a body. */
export interface BodyDamage {
  /** How many bytes arrive. By default half of the body's announced length, or half of its first chunk if no length is announced. */
  readonly afterBytes?: number | undefined;
  /**
   * How the body goes on after these bytes: `"cut"` is a network failure, `"end"` a regular end, `"stall"` waits without an end,
   * and `"none"` lets the whole body pass.
   */
  readonly ending: "cut" | "end" | "stall" | "none";
  /** The speed, in bytes per second; unlimited if absent. */
  readonly bytesPerSecond?: number | undefined;
}

/** What a faulty body needs of its client. */
export interface FaultyBodyContext {
  readonly clock: Clock;
  /** Ends the body's waits. */
  readonly signal: AbortSignal;
  /** The announced length of the body; `undefined` if none is announced. */
  readonly length: number | undefined;
  /** Creates the error of a body that breaks off. */
  readonly error: () => Error;
}

/** The longest time for one chunk of a dripping body, in milliseconds, so that its bytes arrive evenly. */
const PACE_MS = 20;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Damages a body. Reads a chunk only when the reader of the damaged body wants one.
 *
 * @param body The body.
 * @param damage The damage.
 * @param context The clock, the signal, the announced length and the error.
 * @returns The damaged body.
 */
export function faultyBody(
  body: ReadableStream<Bytes>,
  damage: BodyDamage,
  context: FaultyBodyContext,
): ReadableStream<Bytes> {
  const own = new AbortController();
  const source = new FaultyBody(body, damage, { ...context, reader: own.signal });
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
  readonly #around: FaultyBodyContext & { readonly reader: AbortSignal };
  #limit: number | undefined;
  #sent = 0;
  #startedAtMs: number | undefined;
  /** Bytes that were read and not passed on yet. */
  #rest: Bytes | undefined;

  constructor(
    body: ReadableStream<Bytes>,
    damage: BodyDamage,
    around: FaultyBodyContext & { readonly reader: AbortSignal },
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

  /** Returns the next chunk; `undefined` at the end. */
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

  /** Waits until the bytes so far are due. The due time counts from the start of the body, so that late timers do not add up. */
  async #pace(bytesPerSecond: number): Promise<void> {
    const { clock } = this.#around;
    this.#startedAtMs ??= clock.now();
    const dueAtMs = this.#startedAtMs + this.#sent / bytesPerSecond * 1_000;
    await this.#wait(dueAtMs - clock.now());
  }

  async #end(): Promise<undefined> {
    const { ending } = this.#damage;
    if (ending === "stall") await this.#wait(Infinity);
    // Release the source, whose rest stays unread.
    this.#reader.cancel().catch(() => {});
    if (ending === "cut") throw this.#around.error();
    return undefined;
  }

  /** Waits until the time is over, the attempt's signal aborts or the reader cancels. */
  async #wait(ms: number): Promise<void> {
    const { clock, signal, reader } = this.#around;
    if (ms > 0) await abortable(sleep(ms, { clock, signal }), reader);
  }
}
