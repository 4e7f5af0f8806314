/**
 * Reading and removing slots. A slot is the place of an entry in a store; it has one record for each chunk.
 *
 * @module
 */

import type { SweepResult } from "../cache.ts";
import { assemble, MAX_CHUNKS, type SlotContent } from "./chunks.ts";
import { Deletions } from "./deletions.ts";
import type { KvKey, KvKeyPart, KvRecord, KvStore } from "./store.ts";

/** The batch size for one slot: more records than a slot has, so that one batch, which is one snapshot, contains all of them. */
const SLOT_BATCH = MAX_CHUNKS + 2;
/** How many records a walk over all slots reads at once, of up to 65,536 bytes each. */
const WALK_BATCH = 100;

/** Reads the records of one slot, from one snapshot of the store. */
export async function readSlot(kv: KvStore, slot: KvKey): Promise<KvRecord[]> {
  const records: KvRecord[] = [];
  const options = { limit: SLOT_BATCH, batchSize: SLOT_BATCH };
  for await (const record of kv.list({ prefix: slot }, options)) records.push(record);
  return records;
}

/** Removes the records of a slot, and returns whether there were any. */
export async function removeSlot(kv: KvStore, slot: KvKey): Promise<boolean> {
  const records = await readSlot(kv, slot);
  if (records.length > 0) await removeRecords(kv, slot, records);
  return records.length > 0;
}

/** Removes all records below a key. */
export async function removeAll(kv: KvStore, root: KvKey): Promise<void> {
  const deletions = new Deletions(kv);
  for await (const { key } of kv.list({ prefix: root }, { batchSize: WALK_BATCH })) {
    await deletions.add(key as KvKey);
  }
  await deletions.commit();
}

/** Removes the useless slots below a key. */
export async function sweepSlots(
  kv: KvStore,
  root: KvKey,
  isUseless: (content: SlotContent) => boolean,
): Promise<SweepResult> {
  let removed = 0;
  let freedBytes = 0;
  for await (const seen of slotsBelow(kv, root)) {
    if (!isUseless(assemble(seen))) continue;
    const slot = seen[0]!.key.slice(0, root.length + 1) as KvKeyPart[];
    // Read the slot again, from one snapshot: the walk may have read its records from several, with a write between them.
    const current = await readSlot(kv, slot);
    if (!isUseless(assemble(current))) continue;
    const useless = current.length > 0 ? current : seen;
    await removeRecords(kv, slot, useless);
    removed += 1;
    for (const { value } of useless) freedBytes += value instanceof Uint8Array ? value.length : 0;
  }
  return { removed, freedBytes };
}

async function removeRecords(kv: KvStore, slot: KvKey, records: readonly KvRecord[]): Promise<void> {
  const deletions = new Deletions(kv);
  // Remove all chunks, also those that may have been written since: a part of an entry would be useless.
  for (let chunk = 0; chunk < MAX_CHUNKS; chunk++) await deletions.add([...slot, chunk]);
  for (const { key } of records) await deletions.add(key as KvKey);
  await deletions.commit();
}

/** Yields the records of one slot after the other. */
async function* slotsBelow(kv: KvStore, root: KvKey): AsyncIterable<KvRecord[]> {
  let records: KvRecord[] = [];
  for await (const record of kv.list({ prefix: root }, { batchSize: WALK_BATCH })) {
    if (records.length > 0 && records[0]!.key[root.length] !== record.key[root.length]) {
      yield records;
      records = [];
    }
    records.push(record);
  }
  if (records.length > 0) yield records;
}
