import { type Client, type ClientOptions, createClient } from "../../mod.ts";
// Load these modules now: the client loads them when it first uses them, and a manual clock does not wait for the
// disk.
import "../../src/streams/events.ts";
import "../../src/streams/lines.ts";
import "../../src/streams/pages.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";

const encoder = new TextEncoder();

/** Returns a text as bytes, and bytes as they are. */
export function toBytes(content: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? encoder.encode(content) : content;
}

/** Splits bytes into pieces of one size. */
export function pieces(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer>[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}

/** How a body goes on after its chunks: it ends, breaks off, or hangs until its reader leaves. */
export type Ending = "end" | "hang" | Error;

/** A body whose chunks arrive one by one. */
export interface ChunkedBody {
  readonly response: Response;
  /** How many chunks the reader has requested. */
  pulled: number;
  /** Whether its reader has left. */
  isCancelled: boolean;
}

/** Creates a response of chunks. */
export function chunkedBody(
  chunks: readonly (string | Uint8Array<ArrayBuffer>)[],
  ending: Ending = "end",
  init: ResponseInit = {},
): ChunkedBody {
  const state: ChunkedBody = { response: new Response(), pulled: 0, isCancelled: false };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const chunk = chunks[state.pulled];
      state.pulled++;
      if (chunk !== undefined) controller.enqueue(toBytes(chunk));
      else if (ending === "end") controller.close();
      else if (ending === "hang") return new Promise(() => {});
      else controller.error(ending);
    },
    cancel() {
      state.isCancelled = true;
    },
  }, { highWaterMark: 0 });
  return Object.assign(state, { response: new Response(stream, init) });
}

/** A client whose requests are answered with these bodies; the last body repeats. */
export interface ChunkedClient {
  readonly client: Client;
  readonly clock: ManualClock;
  readonly bodies: ChunkedBody[];
  /** The headers of each request. */
  readonly sent: Headers[];
  readonly urls: string[];
}

/** Creates a client whose requests are answered with chunks. */
export function chunkedClient(
  answer: (nth: number, url: string) => ChunkedBody | Error,
  options: ClientOptions = {},
): ChunkedClient {
  const clock = new ManualClock();
  const bodies: ChunkedBody[] = [];
  const sent: Headers[] = [];
  const urls: string[] = [];
  const client = createClient({
    clock,
    random: () => 0,
    maxRetries: 0,
    fetch: (url, init) => {
      sent.push(new Headers(init?.headers));
      urls.push(String(url));
      const body = answer(sent.length, String(url));
      if (body instanceof Error) return Promise.reject(body);
      bodies.push(body);
      return Promise.resolve(body.response);
    },
    ...options,
  });
  return { client, clock, bodies, sent, urls };
}
