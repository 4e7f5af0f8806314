/**
 * Finds where a text stops being JSON, and distinguishes JSON that was cut off from text that is no JSON.
 *
 * @module
 */

const LITERALS = ["true", "false", "null"];
const NUMBER_PREFIX = /^-?(?:(?:0|[1-9]\d*)(?:\.(?:\d+(?:[eE][+-]?\d*)?)?|[eE][+-]?\d*)?)?$/;
const DELIMITER = /[\s,\]}]/;

/** The fault of a text that is no JSON. */
export interface JsonFault {
  /** Whether the text is JSON that was cut off: all its characters fit the grammar of RFC 8259, but its end comes too early. */
  readonly endsEarly: boolean;
  /** The position of the first character or word that does not fit; the text's length if it ends early. */
  readonly position: number;
}

/**
 * Finds the fault of a text by scanning it. The errors of `JSON.parse` do not suffice: engines word them differently, and some do
 * not name the position.
 *
 * @param text A text that `JSON.parse` refused.
 * @returns The fault; `undefined` if there is none, so that the engine refused the text for a reason of its own.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const scanner = new Scanner(text);
  const step = scanner.value();
  if (step === "complete") return undefined;
  const endsEarly = step === "end";
  return { endsEarly, position: endsEarly ? text.length : scanner.position };
}

/** The result of a step of the scan: the part is complete, the text ends within the part, or a character does not fit. */
type Step = "complete" | "end" | "misfit";

class Scanner {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The current position; after a misfit, the position where the misfit begins. */
  get position(): number {
    return this.#index;
  }

  /** Scans one value. It keeps nested levels in an array instead of recursing, so that a hostile text can't overflow the stack. */
  value(): Step {
    const closers: string[] = [];
    let expectKey = false;
    for (;;) {
      this.#skipSpace();
      const step = expectKey ? this.#key() : this.#openOrScalar(closers);
      if (step === "end" || step === "misfit") return step;
      if (step === "opened") {
        expectKey = closers.at(-1) === "}";
        continue;
      }
      if (step === "key") {
        expectKey = false;
        continue;
      }
      const after = this.#closeOrComma(closers);
      if (after !== "comma") return after;
      expectKey = closers.at(-1) === "}";
    }
  }

  #openOrScalar(closers: string[]): Step | "opened" {
    const char = this.#text[this.#index];
    if (char === undefined) return "end";
    if (char === "{" || char === "[") {
      this.#index++;
      this.#skipSpace();
      const closer = char === "{" ? "}" : "]";
      if (this.#text[this.#index] === closer) {
        this.#index++;
        return "complete";
      }
      closers.push(closer);
      return "opened";
    }
    return char === '"' ? this.#string() : this.#literalOrNumber();
  }

  #key(): Step | "key" {
    const char = this.#text[this.#index];
    if (char === undefined) return "end";
    if (char !== '"') return "misfit";
    const step = this.#string();
    if (step !== "complete") return step;
    this.#skipSpace();
    const colon = this.#text[this.#index];
    if (colon === undefined) return "end";
    if (colon !== ":") return "misfit";
    this.#index++;
    return "key";
  }

  /** Closes the arrays and objects that end after a complete value, up to a comma or the end of the text. */
  #closeOrComma(closers: string[]): Step | "comma" {
    for (;;) {
      this.#skipSpace();
      const closer = closers.at(-1);
      const char = this.#text[this.#index];
      if (closer === undefined) return char === undefined ? "complete" : "misfit";
      if (char === undefined) return "end";
      if (char !== "," && char !== closer) return "misfit";
      this.#index++;
      if (char === ",") return "comma";
      closers.pop();
    }
  }

  #string(): Step {
    for (let index = this.#index + 1; index < this.#text.length; index++) {
      const char = this.#text[index]!;
      if (char === '"') {
        this.#index = index + 1;
        return "complete";
      }
      if (char < " ") return this.#misfitAt(index);
      if (char === "\\") {
        const escape = /^(?:["\\/bfnrt]|u[0-9a-fA-F]{0,4})?/.exec(this.#text.slice(index + 1, index + 6))![0];
        const whole = escape.startsWith("u") ? escape.length === 5 : escape.length === 1;
        if (!whole) return index + 1 + escape.length >= this.#text.length ? "end" : this.#misfitAt(index);
        index += escape.length;
      }
    }
    return "end";
  }

  #misfitAt(index: number): "misfit" {
    this.#index = index;
    return "misfit";
  }

  #literalOrNumber(): Step {
    const start = this.#index;
    let end = start;
    while (end < this.#text.length && !DELIMITER.test(this.#text[end]!)) end++;
    const word = this.#text.slice(this.#index, end);
    const atEnd = end === this.#text.length;
    this.#index = end;
    if (LITERALS.includes(word) || isNumber(word)) return "complete";
    if (!atEnd) return this.#misfitAt(start);
    return LITERALS.some((literal) => literal.startsWith(word)) || NUMBER_PREFIX.test(word)
      ? "end"
      : this.#misfitAt(start);
  }

  #skipSpace(): void {
    while (" \t\n\r".includes(this.#text[this.#index] ?? "x")) this.#index++;
  }
}

function isNumber(word: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word);
}
