import { assertEquals, assertStrictEquals } from "@std/assert";
import { type BodyDamage, faultyBody } from "../../../src/middleware/faults/faulty_body.ts";
import { ManualClock } from "../../../src/testing/manual_clock.ts";
import { test } from "../../support/test.ts";

const BROKEN = new TypeError("broken");

interface Damaged {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly clock: ManualClock;
  readonly controller: AbortController;
  readonly isCancelled: () => boolean;
}

/** A body of several chunks. */
function damaged(damage: BodyDamage, length: number | undefined, chunks = ["abcd", "ef"]): Damaged {
  const clock = new ManualClock();
  const controller = new AbortController();
  let isCancelled = false;
  const left = [...chunks];
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (own) => {
      const next = left.shift();
      if (next === undefined) own.close();
      else own.enqueue(new TextEncoder().encode(next));
    },
    cancel: () => void (isCancelled = true),
  }, { highWaterMark: 0 });
  const body = faultyBody(source, damage, { clock, signal: controller.signal, length, error: () => BROKEN });
  return { body, clock, controller, isCancelled: () => isCancelled };
}

/** Returns the content of a body, and how it ends. */
async function read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<[string, unknown]> {
  let text = "";
  try {
    for await (const chunk of body) text += new TextDecoder().decode(chunk);
  } catch (error) {
    return [text, error];
  }
  return [text, "end"];
}

test("faultyBody() breaks a body after a number of bytes, and cancels the rest", async () => {
  for (const [afterBytes, text] of [[0, ""], [1, "a"], [4, "abcd"], [5, "abcde"]] as const) {
    const { body, isCancelled } = damaged({ afterBytes, ending: "cut" }, 6);
    assertEquals(await read(body), [text, BROKEN]);
    assertEquals(isCancelled(), true);
  }
});

test("faultyBody() breaks or ends a body in the middle, if the middle is known", async () => {
  assertEquals(await read(damaged({ ending: "cut" }, 6).body), ["abc", BROKEN]);
  assertEquals(await read(damaged({ ending: "end" }, 6).body), ["abc", "end"]);
  assertEquals(await read(damaged({ ending: "cut" }, undefined).body), ["ab", BROKEN]);
});

test("faultyBody() breaks a shorter body at its end", async () => {
  assertEquals(await read(damaged({ afterBytes: 100, ending: "cut" }, 6).body), ["abcdef", BROKEN]);
  assertEquals(await read(damaged({ ending: "cut" }, 0, []).body), ["", BROKEN]);
});

test("faultyBody() stalls until the attempt is aborted", async () => {
  const { body, clock, controller, isCancelled } = damaged({ afterBytes: 2, ending: "stall" }, 6);
  const reading = read(body);
  await clock.advance(3_600_000);
  const reason = new Error("enough");
  controller.abort(reason);
  const [text, error] = await reading;
  assertEquals([text, isCancelled()], ["ab", false]);
  assertStrictEquals(error, reason);
});

test("faultyBody() stops waiting when its reader leaves", async () => {
  for (const damage of [{ afterBytes: 0, ending: "stall" }, { bytesPerSecond: 1, ending: "none" }] as const) {
    const { body, clock, isCancelled } = damaged(damage, 6);
    const reader = body.getReader();
    const reading = reader.read();
    await clock.advance(1);
    await reader.cancel();
    assertEquals((await reading).done, true);
    assertEquals(isCancelled(), true);
  }
});

test("faultyBody() sends a whole body at the given pace", async () => {
  const { body, clock } = damaged({ bytesPerSecond: 100, ending: "none" }, 6);
  const reader = body.getReader();
  const seen: [number, string][] = [];
  const reading = (async () => {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      seen.push([clock.now(), new TextDecoder().decode(step.value)]);
    }
  })();
  await clock.advance(60);
  await reading;
  assertEquals(seen, [[20, "ab"], [40, "cd"], [60, "ef"]]);
});
