/**
 * A `fetch` that answers from a few files, and records its requests.
 *
 * @module
 */

/** A payload, a status, or a function that answers. */
export type FakeFile = object | number | ((signal: AbortSignal | undefined) => Response | Promise<Response>);

/** The files of a session by path, and a `fetch` that serves them. */
export interface FakeFiles {
  readonly fetch: typeof fetch;
  /** The requested URLs, in order. */
  readonly urls: string[];
  /** The requested paths within the session's folder, in order. */
  readonly paths: string[];
}

/** Serves files from every mirror, for every session; a path without a file is a 404. */
export function fakeFiles(files: Readonly<Record<string, FakeFile>>): FakeFiles {
  const urls: string[] = [];
  const paths: string[] = [];
  const serve = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    const path = decodeURIComponent(
      url.split(/(?:@main|\/resolve|\/main)\//)[1]!.split("/").slice(2).join("/"),
    );
    urls.push(url);
    paths.push(path);
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    return answer(files[path] ?? 404, signal ?? undefined);
  };
  return { fetch: serve as typeof fetch, urls, paths };
}

/** A file that never arrives, until its request is aborted. */
export function never(signal: AbortSignal | undefined): Promise<Response> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A file that arrives when the test says so. */
export class HeldFile {
  readonly #payload = Promise.withResolvers<object>();
  readonly #asked = Promise.withResolvers<void>();

  /** Resolves when the file is requested. */
  readonly asked: Promise<void> = this.#asked.promise;

  /** The file for {@linkcode fakeFiles}. */
  readonly file = async (): Promise<Response> => {
    this.#asked.resolve();
    return Response.json(await this.#payload.promise);
  };

  /** Makes the file arrive. */
  release(payload: object): void {
    this.#payload.resolve(payload);
  }
}

async function answer(file: FakeFile, signal: AbortSignal | undefined): Promise<Response> {
  if (typeof file === "function") return await file(signal);
  if (typeof file === "number") return new Response("sorry", { status: file });
  return Response.json(file);
}

/** Returns laps with these times, numbered from 1. */
export function lapsOf(...times: readonly (number | "None")[]): Record<string, unknown[]> {
  const fill = (value: unknown): unknown[] => times.map(() => value);
  return {
    time: [...times],
    lap: times.map((_time, index) => index + 1),
    compound: fill("SOFT"),
    stint: fill(1),
    s1: fill("None"),
    s2: fill(40.8),
    s3: fill(24.5),
    life: times.map((_time, index) => index + 1),
    pos: fill("None"),
    status: fill("1"),
    pb: fill(false),
  };
}

/** Returns a lap's telemetry of two samples. */
export function telemetryOf(key: string): { tel: Record<string, unknown> } {
  const channels = "time,rpm,speed,gear,throttle,brake,drs,distance,rel_distance,acc_x,acc_y,acc_z,x,y,z"
    .split(",");
  return { tel: { ...Object.fromEntries(channels.map((channel) => [channel, [0, 1]])), dataKey: key } };
}

/** Returns the session's drivers. */
export function driversOf(...codes: readonly string[]): { drivers: { driver: string; team: string }[] } {
  return { drivers: codes.map((driver) => ({ driver, team: "Team" })) };
}
