import { assertEquals, assertRejects } from "@std/assert";
import { JobPool } from "../../src/cli/job_pool.ts";
import { test } from "../support/test.ts";

async function* numbers(count: number, pulled: number[] = []): AsyncIterableIterator<number> {
  for (let number = 0; number < count; number++) {
    pulled.push(number);
    yield await Promise.resolve(number);
  }
}

const never = new AbortController().signal;
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

test("JobPool.run() runs all jobs, and never more than there is room for", async () => {
  const performed: number[] = [];
  let running = 0;
  let peak = 0;
  const totals: [total: number, performed: number][] = [];
  const pool = new JobPool({
    inputs: numbers(50),
    signal: never,
    hasRoom: (outstanding) => outstanding < 4,
    onTotal: (total) => totals.push([total, performed.length]),
    perform: async (number, index) => {
      assertEquals(number, index);
      peak = Math.max(peak, ++running);
      await turns(20 + number % 5);
      running--;
      performed.push(number);
    },
  });
  await pool.run();
  assertEquals([performed.length, new Set(performed).size, peak], [50, 50, 4]);
  // It is told once, while the last ones run.
  assertEquals(totals, [[50, 47]]);
});

test("JobPool.pump() pulls more jobs when there is room for another reason than an end", async () => {
  const pulled: number[] = [];
  let room = 1;
  const gates: (() => void)[] = [];
  const pool = new JobPool({
    inputs: numbers(3, pulled),
    signal: never,
    hasRoom: (outstanding) => outstanding < room,
    perform: () => new Promise<void>((resolve) => gates.push(resolve)),
  });
  const done = pool.run();
  await turns(20);
  assertEquals(pulled, [0]);
  room = 3;
  pool.pump();
  pool.pump();
  await turns(20);
  assertEquals([pulled, gates.length], [[0, 1, 2], 3]);
  for (const open of gates) open();
  await done;
});

test("JobPool.run() goes on with one job at a time if there is never room", async () => {
  let performed = 0;
  const pool = new JobPool({
    inputs: numbers(5),
    signal: never,
    hasRoom: () => false,
    perform: () => Promise.resolve(void performed++),
  });
  await pool.run();
  assertEquals(performed, 5);
});

test("JobPool.run() stops pulling when its signal aborts, closes the inputs and waits for running jobs", async () => {
  const controller = new AbortController();
  let isClosed = false;
  const inputs = (async function* () {
    try {
      for (let number = 0;; number++) yield await Promise.resolve(number);
    } finally {
      isClosed = true;
    }
  })();
  let ended = 0;
  const totals: number[] = [];
  const pool = new JobPool({
    inputs,
    signal: controller.signal,
    onTotal: (total) => totals.push(total),
    hasRoom: (outstanding) => outstanding < 2,
    perform: async (number) => {
      if (number === 3) controller.abort();
      await turns(10);
      ended++;
    },
  });
  await pool.run();
  assertEquals([ended >= 4, ended < 8, isClosed, totals], [true, true, true, []]);
});

test("JobPool.run() rejects with the error of its inputs, after the jobs before it", async () => {
  let ended = 0;
  const pool = new JobPool({
    inputs: (async function* () {
      yield await Promise.resolve(1);
      throw new Error("broken");
    })(),
    signal: never,
    hasRoom: () => true,
    perform: async () => {
      await turns(30);
      ended++;
    },
  });
  await assertRejects(() => pool.run(), Error, "broken");
  assertEquals(ended, 1);
});
