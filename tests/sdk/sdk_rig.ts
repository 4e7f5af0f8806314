/**
 * The rig of the SDK tests: an API on this machine, and an SDK that uses the `fetch` of a client.
 *
 * @module
 */

import { type Client, type ClientOptions, createClient } from "../../mod.ts";
import { type ApiServer, type Received, type Routes, serveApi } from "./api_server.ts";
import { until } from "../support/until.ts";

/** A time much longer than any operation of the tests, and shorter than the `timeoutMs` that would end a stall. */
const SOON_MS = 25_000;

/** An API, and an SDK that uses it. */
export class SdkRig<T> implements AsyncDisposable {
  /** The SDK. */
  readonly sdk: T;
  /** The client whose `fetch` the SDK uses. */
  readonly client: Client;
  readonly #server: ApiServer;

  /**
   * Serves an API, and creates an SDK for it.
   *
   * @param routes The routes of the API.
   * @param create Creates the SDK for the URL of the API.
   * @param options Options of the client; by default its backoff is 1 ms.
   */
  constructor(routes: Routes, create: (url: string, client: Client) => T, options: ClientOptions = {}) {
    this.#server = serveApi(routes);
    this.client = createClient({ backoff: { baseMs: 1, jitter: "none" }, ...options });
    this.sdk = create(this.#server.url, this.client);
  }

  /** The URL of the API, such as `http://127.0.0.1:8000`. */
  get url(): string {
    return this.#server.url;
  }

  /** The received requests, in order. */
  get received(): readonly Received[] {
    return this.#server.received;
  }

  /** The methods and paths of the received requests, in order. */
  get calls(): readonly string[] {
    return this.received.map(({ method, path }) => `${method} ${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await soon(this.#server[Symbol.asyncDispose](), "the end of the server");
  }
}

/** Waits for a promise, but only for a limited time, so that a stall fails the test instead of blocking it. */
export async function soon<T>(promise: PromiseLike<T>, what = "the answer"): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited too long for ${what}`)), SOON_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a client has no request in flight or in line. */
export async function assertIdle(client: Client): Promise<void> {
  await until(() => client.stats().inFlight + client.stats().queued === 0);
}

/** Returns the state of the breaker of the API's origin. */
export function breakerOf({ client, url }: SdkRig<unknown>): string | undefined {
  return client.stats().origins[url]?.breaker;
}
