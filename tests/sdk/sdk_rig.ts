/**
 * What every test of an SDK has: an API of this machine, and an SDK that was given the `fetch` of a client.
 *
 * @module
 */

import { type Client, type ClientOptions, createClient } from "../../mod.ts";
import { type ApiServer, type Received, type Routes, serveApi } from "./api_server.ts";
import { until } from "../support/until.ts";

/** Much longer than anything here takes, and shorter than the `timeoutMs` that would end a stall. */
const SOON_MS = 25_000;

/** An API, and an SDK that speaks to it. */
export class SdkRig<T> implements AsyncDisposable {
  /** The SDK. */
  readonly sdk: T;
  /** Whose `fetch` it has. */
  readonly client: Client;
  readonly #server: ApiServer;

  /**
   * Serves an API, and makes an SDK for it.
   *
   * @param routes The API.
   * @param create Makes the SDK, for the URL of the API.
   * @param options Options of the client, which retries without a pause worth mentioning.
   */
  constructor(routes: Routes, create: (url: string, client: Client) => T, options: ClientOptions = {}) {
    this.#server = serveApi(routes);
    this.client = createClient({ backoff: { baseMs: 1, jitter: "none" }, ...options });
    this.sdk = create(this.#server.url, this.client);
  }

  /** Such as `http://127.0.0.1:8000`. */
  get url(): string {
    return this.#server.url;
  }

  /** What arrived, in order. */
  get received(): readonly Received[] {
    return this.#server.received;
  }

  /** The methods and paths of what arrived, in order. */
  get calls(): readonly string[] {
    return this.received.map(({ method, path }) => `${method} ${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await soon(this.#server[Symbol.asyncDispose](), "the end of the server");
  }
}

/** What a promise brings, if it does so soon: a stall must fail the test, not hold it up. */
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

/** Waits until a client has got everything back. */
export async function assertIdle(client: Client): Promise<void> {
  await until(() => client.stats().inFlight + client.stats().queued === 0);
}

/** The state of the breaker of the only origin. */
export function breakerOf({ client, url }: SdkRig<unknown>): string | undefined {
  return client.stats().origins[url]?.breaker;
}
