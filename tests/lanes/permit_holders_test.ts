import { assertEquals } from "@std/assert";
import type { Lane } from "../../src/lanes/lane.ts";
import { type PermitHolder, PermitHolders } from "../../src/lanes/permit_holders.ts";
import { ledgerOf, Semaphore } from "../../src/primitives/semaphore.ts";
import { fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

function setUp() {
  const semaphore = new Semaphore(1);
  const ledger = ledgerOf(semaphore);
  const holders = new PermitHolders(ledger);
  const hurried: string[] = [];
  const holder = (name: string, lane: Lane = fakeLane()): PermitHolder => ({
    lane,
    hurry: () => void hurried.push(name),
  });
  return { semaphore, ledger, holders, hurried, holder };
}

test("PermitHolders tells each holder once when a request begins to wait, also one outside of the client", async () => {
  const { semaphore, ledger, holders, hurried, holder } = setUp();
  await semaphore.acquire();
  holders.add(holder("a"));
  holders.add(holder("b"));
  assertEquals([hurried, holders.size], [[], 2]);
  semaphore.acquire();
  semaphore.acquire();
  assertEquals([hurried, holders.size, ledger.onShortage], [["a", "b"], 0, undefined]);
});

test("PermitHolders.add() tells the holder at once if a request already waits for a permit, or for that lane", async () => {
  const { semaphore, holders, hurried, holder } = setUp();
  const busy = Object.defineProperty(fakeLane(), "queued", { value: 1 });
  holders.add(holder("lane", busy));
  await semaphore.acquire();
  semaphore.acquire();
  holders.add(holder("permit"));
  assertEquals([hurried, holders.size], [["lane", "permit"], 0]);
});

test("PermitHolders.delete() forgets a holder, and stops listening after the last one", async () => {
  const { semaphore, ledger, holders, hurried, holder } = setUp();
  const [a, b] = [holder("a"), holder("b")];
  holders.add(a);
  holders.add(b);
  holders.delete(a);
  holders.delete(a);
  assertEquals([holders.size, ledger.onShortage?.size], [1, 1]);
  holders.delete(b);
  assertEquals([holders.size, ledger.onShortage], [0, undefined]);
  await semaphore.acquire();
  semaphore.acquire();
  assertEquals(hurried, []);
});

test("PermitHolders of two clients that share a semaphore are told both", async () => {
  const { semaphore, ledger, holders, hurried, holder } = setUp();
  const others = new PermitHolders(ledger);
  holders.add(holder("one"));
  others.add(holder("two"));
  others.delete(holder("stranger"));
  await semaphore.acquire();
  semaphore.acquire();
  assertEquals([hurried, ledger.onShortage], [["one", "two"], undefined]);
});
