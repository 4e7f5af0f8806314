/**
 * The output of a program that runs beside another one: it is held back until its turn has come.
 *
 * @module
 */

/** Takes bytes, as `Deno.stdout` does. */
export interface OutputWriter {
  writeSync(bytes: Uint8Array): number;
}

/** Holds what is written to it, until {@linkcode HeldOutput.release} passes it on. */
export class HeldOutput implements OutputWriter {
  #held: Uint8Array[] | undefined = [];

  /** Holds the bytes, or writes them to stdout after {@linkcode HeldOutput.release}. */
  writeSync(bytes: Uint8Array): number {
    if (this.#held === undefined) return Deno.stdout.writeSync(bytes);
    this.#held.push(bytes.slice());
    return bytes.length;
  }

  /** Writes to stdout what was held, and from now on everything at once. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const bytes of held) writeAll(Deno.stdout, bytes);
  }
}

/** Writes all bytes. */
export function writeAll(writer: OutputWriter, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(writer.writeSync(rest));
}
