import { assert, assertEquals } from "@std/assert";
import { test } from "../support/test.ts";
import { FAULTS, startFaultyServer } from "./faulty_server.ts";
import { soak } from "./soak.ts";
import { faultsOf } from "./verdict.ts";

const TOTAL = 3_000;

test("soak() accounts for each of a few thousand requests, and leaves nothing behind", async () => {
  const server = await startFaultyServer(5);
  try {
    const result = await soak({ url: server.url, total: TOTAL, sampleEvery: TOTAL });
    assertEquals(faultsOf(result, TOTAL), []);
    assertEquals(Object.keys(server.counts.faults).sort(), [...FAULTS].sort());
    assert(server.counts.requests > TOTAL);
  } finally {
    server.close();
  }
});
