/**
 * The `Link` header (RFC 8288).
 *
 * @module
 */

import { trimSpace } from "../http/headers.ts";

/** A link that a response has to something else. */
export interface WebLink {
  /** Where it leads: a URL, which may be relative to the response's own. */
  readonly target: string;
  /** What it is about; absent if it is about the response itself. */
  readonly anchor: string | undefined;
  /** What its target is to that, in lower case: `next`, `last`. */
  readonly relations: readonly string[];
}

/**
 * Parses the value of a `Link` header (RFC 8288, appendix B.2), as far as it can be understood: what is no link is passed over up to the
 * next comma.
 *
 * @param value The value; several of them joined by commas.
 * @returns The links, in order.
 */
export function parseLinkHeader(value: string): WebLink[] {
  const links: WebLink[] = [];
  const scanner = new LinkScanner(value);
  while (!scanner.isAtEnd) {
    const target = scanner.target();
    if (target !== undefined) {
      const parameters = scanner.parameters();
      const relations = (parameters.get("rel") ?? "").split(/[ \t]+/).filter((relation) => relation !== "");
      links.push({
        target,
        anchor: parameters.get("anchor"),
        relations: relations.map((relation) => relation.toLowerCase()),
      });
    }
    scanner.skipToComma();
  }
  return links;
}

class LinkScanner {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#index >= this.#text.length;
  }

  /** What stands in angle brackets; nothing if something else comes first. */
  target(): string | undefined {
    this.#skipSpace();
    if (this.#text[this.#index] !== "<") return undefined;
    const end = this.#text.indexOf(">", this.#index);
    if (end === -1) {
      // What follows has no end either: to look for it from each bracket would take a time that grows with the square of the length.
      this.#index = this.#text.length;
      return undefined;
    }
    const target = this.#text.slice(this.#index + 1, end);
    this.#index = end + 1;
    return trimSpace(target);
  }

  /** The parameters of a link by their names in lower case; of several of one name, the first counts. */
  parameters(): Map<string, string> {
    const parameters = new Map<string, string>();
    this.#skipSpace();
    while (this.#text[this.#index] === ";") {
      this.#index++;
      this.#skipSpace();
      const name = this.#upTo(/[=;,]/g).toLowerCase();
      let value = "";
      if (this.#text[this.#index] === "=") {
        this.#index++;
        this.#skipSpace();
        value = this.#text[this.#index] === '"' ? this.#quoted() : this.#upTo(/[;,]/g);
      }
      if (name !== "" && !parameters.has(name)) parameters.set(name, value);
      this.#skipSpace();
    }
    return parameters;
  }

  /** Goes behind the next comma that no quotes are around. */
  skipToComma(): void {
    for (; !this.isAtEnd; this.#index++) {
      const char = this.#text[this.#index];
      if (char === '"') {
        this.#quoted();
        this.#index--;
      } else if (char === ",") {
        this.#index++;
        return;
      }
    }
  }

  #skipSpace(): void {
    while (this.#text[this.#index] === " " || this.#text[this.#index] === "\t") this.#index++;
  }

  #upTo(end: RegExp): string {
    end.lastIndex = this.#index;
    const start = this.#index;
    this.#index = end.exec(this.#text)?.index ?? this.#text.length;
    return trimSpace(this.#text.slice(start, this.#index));
  }

  /** What stands in quotes, without the backslashes before quoted characters; one without an end reaches to the end. */
  #quoted(): string {
    let value = "";
    for (this.#index++; !this.isAtEnd; this.#index++) {
      let char = this.#text[this.#index]!;
      if (char === '"') {
        this.#index++;
        break;
      }
      if (char === "\\") char = this.#text[++this.#index] ?? "";
      value += char;
    }
    return value;
  }
}
