import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Socket } from "../../src/runtime/transport/contract.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { firstConnected } from "../../src/transport/first_connected.ts";
import { type MemorySocket, socketPair } from "../support/memory_sockets.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

/** Connects to addresses that succeed or fail after this time; others are silent. */
function setUp(addresses: Readonly<Record<string, { readonly ms?: number; readonly fails?: boolean }>>) {
  const clock = new ManualClock();
  const controller = new AbortController();
  const dialed: [string, number][] = [];
  const abandoned: string[] = [];
  const sockets = new Map<Socket, string>();
  const connect = (address: string, signal: AbortSignal): Promise<Socket> => {
    dialed.push([address, clock.now()]);
    const { ms, fails = false } = addresses[address]!;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => {
        abandoned.push(address);
        if (ms === undefined) reject(signal.reason);
      });
      if (ms === undefined) return;
      const [socket] = socketPair();
      sockets.set(socket, address);
      clock.setTimeout(() => fails ? reject(new Error(address)) : resolve(socket), ms);
    });
  };
  const connected = firstConnected(Object.keys(addresses), { connect, clock, signal: controller.signal });
  return { clock, controller, dialed, abandoned, sockets, connected };
}

test("firstConnected() tries the next address beside a silent one, and ends the silent attempt", async () => {
  const { clock, dialed, abandoned, sockets, connected } = setUp({ a: {}, b: {}, c: { ms: 10 }, d: {} });
  assertEquals(sockets.get(await clock.run(connected)), "c");
  assertEquals(dialed, [["a", 0], ["b", 250], ["c", 500]]);
  assertEquals([abandoned, clock.pending], [["a", "b"], 0]);
});

test("firstConnected() goes on at once after a failure, and waits for a slow attempt", async () => {
  const { clock, dialed, sockets, connected } = setUp({
    a: { ms: 300 },
    b: { ms: 20, fails: true },
    c: { ms: 200 },
  });
  assertEquals(sockets.get(await clock.run(connected)), "a");
  assertEquals(dialed, [["a", 0], ["b", 250], ["c", 270]]);
});

test("firstConnected() rejects with the first failure when there is no address left", async () => {
  const { clock, connected } = setUp({ a: { ms: 400, fails: true }, b: { ms: 5, fails: true } });
  await assertRejects(() => clock.run(connected), Error, "b");
  assertEquals([clock.now(), clock.pending], [400, 0]);
});

test("firstConnected() closes a second connection", async () => {
  const { clock, sockets, connected } = setUp({ a: { ms: 300 }, b: { ms: 50 } });
  const first = await clock.run(connected);
  await clock.advance(100);
  assertEquals([...sockets].map(([socket, name]) => [name, (socket as MemorySocket).isClosed]), [
    ["a", false],
    ["b", true],
  ]);
  assertEquals(sockets.get(first), "a");
});

test("firstConnected() ends all attempts with the reason of the signal, and begins no other", async () => {
  const { clock, controller, dialed, abandoned, connected } = setUp({ a: {}, b: {}, c: {} });
  const watched = watch(connected);
  await clock.advance(300);
  const reason = new Error("enough");
  controller.abort(reason);
  await clock.advance(1_000);
  assertStrictEquals(watched.error, reason);
  assertEquals([dialed.length, abandoned, clock.pending], [2, ["a", "b"], 0]);
});
