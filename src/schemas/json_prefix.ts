/**
 * Tells JSON that was cut off from text that is no JSON at all.
 *
 * @module
 */

const LITERALS = ["true", "false", "null"];
const NUMBER_PREFIX = /^-?(?:(?:0|[1-9]\d*)(?:\.(?:\d+(?:[eE][+-]?\d*)?)?|[eE][+-]?\d*)?)?$/;
const DELIMITER = /[\s,\]}]/;

/**
 * Whether a text that is not valid JSON would be, if only it went on: each of its characters fits the grammar of RFC 8259,
 * and the end comes too early. Engines word this error differently, so the text itself is asked.
 *
 * @param text A text that `JSON.parse` refused.
 * @returns Whether it ends early.
 */
export function isJsonPrefix(text: string): boolean {
  const scanner = new Scanner(text);
  return scanner.value() === "end";
}

/** What a step of the scan found: its part is complete, the text ended within it, or it does not fit. */
type Step = "complete" | "end" | "misfit";

class Scanner {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Scans one value. Nesting is kept on a stack of our own: a hostile text must not overflow the engine's. */
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
    const colon = this.#text[this.#index++];
    if (colon === undefined) return "end";
    return colon === ":" ? "key" : "misfit";
  }

  /** After a complete value: closes whatever ends here, up to a comma or the end of all. */
  #closeOrComma(closers: string[]): Step | "comma" {
    for (;;) {
      this.#skipSpace();
      const closer = closers.at(-1);
      const char = this.#text[this.#index++];
      if (closer === undefined) return char === undefined ? "complete" : "misfit";
      if (char === undefined) return "end";
      if (char === ",") return "comma";
      if (char !== closer) return "misfit";
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
      if (char < " ") return "misfit";
      if (char === "\\") {
        const escape = /^(?:["\\/bfnrt]|u[0-9a-fA-F]{0,4})?/.exec(this.#text.slice(index + 1, index + 6))![0];
        const whole = escape.startsWith("u") ? escape.length === 5 : escape.length === 1;
        if (!whole) return index + 1 + escape.length >= this.#text.length ? "end" : "misfit";
        index += escape.length;
      }
    }
    return "end";
  }

  #literalOrNumber(): Step {
    let end = this.#index;
    while (end < this.#text.length && !DELIMITER.test(this.#text[end]!)) end++;
    const word = this.#text.slice(this.#index, end);
    const atEnd = end === this.#text.length;
    this.#index = end;
    if (LITERALS.includes(word) || isNumber(word)) return "complete";
    if (!atEnd) return "misfit";
    return LITERALS.some((literal) => literal.startsWith(word)) || NUMBER_PREFIX.test(word)
      ? "end"
      : "misfit";
  }

  #skipSpace(): void {
    while (" \t\n\r".includes(this.#text[this.#index] ?? "x")) this.#index++;
  }
}

function isNumber(word: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word);
}
