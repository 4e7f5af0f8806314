/**
 * The stores that the tests of the key-value cache run against.
 *
 * @module
 */

import type { KvKey, KvStore } from "../../src/cache/kv.ts";
import { MemoryKv } from "./memory_kv.ts";
import { runtime } from "./test.ts";

/** A store with the further methods that tests need. */
export interface TestKv extends KvStore {
  get(key: KvKey): Promise<{ readonly value: unknown; readonly versionstamp: string | null }>;
  set(key: KvKey, value: unknown, options?: { expireIn?: number }): Promise<unknown>;
  delete(key: KvKey): Promise<void>;
  close(): void;
}

/** The functions that open an empty store, by its name: `MemoryKv` on both runtimes, and Deno's own store only on Deno. */
export const stores: ReadonlyMap<string, () => Promise<TestKv>> = new Map(
  runtime === "bun" ? [["MemoryKv", openMemoryKv]] : [["MemoryKv", openMemoryKv], ["Deno.Kv", openDenoKv]],
);

function openMemoryKv(): Promise<TestKv> {
  return Promise.resolve(new MemoryKv());
}

function openDenoKv(): Promise<TestKv> {
  return Deno.openKv(":memory:");
}
