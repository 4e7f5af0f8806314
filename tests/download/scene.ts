import { type Client, type ClientOptions, createClient, type DownloadOptions } from "../../mod.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import {
  bytesOf,
  type OriginRequest,
  Received,
  type Reply,
  type ServedFile,
  serveFile,
  startOrigin,
} from "./origin.ts";

/** The content of the file, and another content. */
export const DATA: Uint8Array<ArrayBuffer> = bytesOf(300_000);
export const OTHER: Uint8Array<ArrayBuffer> = bytesOf(300_000, 2);
export const TAG = '"v1"';

/** Creates a client that retries at once. */
export function impatientClient(options: ClientOptions = {}): Client {
  return createClient({
    backoff: { baseMs: 0, jitter: "none" },
    retryBudget: false,
    circuitBreaker: false,
    ...options,
  });
}

/** Answers a request of a scene. */
export type SceneHandler = (
  request: OriginRequest,
  reply: Reply,
  received: Received,
) => void | Promise<void>;

/** A file that is served, and the numbers of bytes after which the first connections break. */
export interface Serving extends Partial<Omit<ServedFile, "cutAfter" | "received">> {
  readonly cuts?: readonly number[] | undefined;
}

/** Serves a file correctly: by default {@linkcode DATA} with {@linkcode TAG}. */
export function serving({ cuts = [], ...file }: Serving = {}): SceneHandler {
  return (request, reply, received) =>
    serveFile(request, reply, {
      data: DATA,
      etag: TAG,
      received,
      ...file,
      cutAfter: cuts[request.number - 1],
    });
}

/** Returns the content of a file. */
export async function bytesAt(path: string): Promise<Uint8Array> {
  const fs = await import("node:fs/promises");
  return new Uint8Array(await fs.readFile(path));
}

/** A file, its origin, and a client. */
export interface Scene {
  readonly folder: TempFolder;
  readonly path: string;
  readonly requests: readonly OriginRequest[];
  readonly url: string;
  readonly client: Client;
  readonly received: Received;
  download(options?: DownloadOptions): ReturnType<Client["download"]>;
}

/** Runs a test with a scene. */
export async function scene(
  handler: SceneHandler,
  work: (scene: Scene) => Promise<void>,
  options: ClientOptions = {},
): Promise<void> {
  await using folder = await tempFolder();
  const received = new Received();
  await using origin = await startOrigin((request, reply) => handler(request, reply, received));
  await using client = impatientClient(options);
  const path = `${folder.path}/file`;
  const { url, requests } = origin;
  const download = (options?: DownloadOptions) =>
    client.download(url, path, { onProgress: received.note, ...options });
  await work({ folder, path, requests, url, client, received, download });
}

/** Returns the SHA-256 of bytes, as hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
