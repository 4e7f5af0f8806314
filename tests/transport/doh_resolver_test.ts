import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DohResolver, type DohResolverSettings } from "../../src/transport/doh_resolver.ts";
import { isOwnFailure, ResolverError } from "../../src/transport/transport_errors.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { withoutMember } from "../support/without_member.ts";

/** An answer with this address, valid for so long; without an address, the name does not exist. */
function answer(query: string, address: readonly number[] | undefined, ttl: number): Uint8Array<ArrayBuffer> {
  const question = Uint8Array.fromBase64(query, { alphabet: "base64url" });
  const isIpv4 = question.at(-3) === 1;
  const records = address === undefined || !isIpv4
    ? []
    : [0xc0, 12, 0, 1, 0, 1, 0, 0, ttl >> 8, ttl & 255, 0, 4, ...address];
  const code = address === undefined ? 0x83 : 0x80;
  const header = [0, 0, 0x81, code, 0, 1, 0, records.length === 0 ? 0 : 1, 0, 0, 0, 0];
  return Uint8Array.of(...header, ...question.slice(12), ...records);
}

interface Server {
  readonly address?: readonly number[];
  readonly ttl?: number;
  readonly status?: number;
  readonly age?: string;
  /** Whether it answers nothing, or nothing about addresses of one kind. */
  readonly isSilent?: boolean | "A" | "AAAA";
  readonly bytes?: number;
}

function setUp(servers: Readonly<Record<string, Server>>, options: Partial<DohResolverSettings> = {}) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const resolver = new DohResolver({
    servers: Object.keys(servers).map((name) => `https://${name}/dns-query`),
    timeoutMs: 1_000,
    maxNegativeTtlMs: 30_000,
    clock,
    fetch: (href, { signal }) => {
      const url = new URL(href);
      asked.push(url.host);
      const { address, ttl = 60, status = 200, age, isSilent, bytes } = servers[url.host]!;
      const isIpv4 =
        Uint8Array.fromBase64(url.searchParams.get("dns")!, { alphabet: "base64url" }).at(-3) === 1;
      if (isSilent === true || isSilent === (isIpv4 ? "A" : "AAAA")) {
        return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
      }
      if (bytes !== undefined) return Promise.resolve(new Response(new Uint8Array(bytes)));
      const body = status === 200 ? answer(url.searchParams.get("dns")!, address, ttl) : "no";
      return Promise.resolve(new Response(body, { status, headers: age === undefined ? {} : { age } }));
    },
    ...options,
  });
  return { clock, resolver, asked };
}

test("DohResolver.resolve() waits briefly for IPv6 when it has IPv4 addresses, and for IPv4 as long as it may", async () => {
  const quick = setUp({ "one.test": { address: [10, 0, 0, 1], isSilent: "AAAA" } });
  const found = quick.resolver.resolve("a.test");
  await quick.clock.advance(249);
  assertEquals(quick.resolver.known("a.test"), undefined);
  await quick.clock.advance(1);
  assertEquals([await found, quick.clock.pending], [["10.0.0.1"], 0]);
  const slow = setUp({ "one.test": { address: [10, 0, 0, 1], isSilent: "A" } });
  const failed = assertRejects(
    () => slow.resolver.resolve("a.test"),
    ResolverError,
    "no answer within 1000 ms",
  );
  await slow.clock.advance(1_000);
  await failed;
  assertEquals(slow.clock.pending, 0);
});

test("DohResolver.close() ends all questions, for all callers, and says why", async () => {
  const { resolver, clock } = setUp({
    "one.test": { isSilent: true },
    "two.test": { address: [10, 0, 0, 1] },
  });
  const waiting = [resolver.resolve("a.test"), resolver.resolve("a.test"), resolver.resolve("b.test")]
    .map((each) => assertRejects(() => each, TypeError, "The transport was closed"));
  await clock.advance(0);
  resolver.close();
  await Promise.all(waiting);
  resolver.close();
  assertEquals([clock.pending, resolver.known("a.test")], [0, undefined]);
});

test("DohResolver.resolve() remembers addresses for their lifetime", async () => {
  const { resolver, asked, clock } = setUp({ "one.test": { address: [10, 0, 0, 1], ttl: 60 } });
  assertEquals(await resolver.resolve("a.test"), ["10.0.0.1"]);
  await clock.advance(59_999);
  assertEquals(await resolver.resolve("a.test"), ["10.0.0.1"]);
  assertEquals([asked.length, resolver.known("a.test")], [2, ["10.0.0.1"]]);
  await clock.advance(1);
  assertEquals(resolver.known("a.test"), undefined);
  await resolver.resolve("a.test");
  assertEquals(asked.length, 4);
});

test("DohResolver.resolve() asks where Uint8Array.prototype.toBase64 does not exist, as before Deno 2.5", async () => {
  const { resolver } = setUp({ "one.test": { address: [10, 0, 0, 1] } });
  await withoutMember(Uint8Array.prototype, "toBase64", async () => {
    assertEquals(await resolver.resolve("a.test"), ["10.0.0.1"]);
  });
});

test("DohResolver.resolve() subtracts the age of an answer from a cache on the way", async () => {
  const goodForMs: Readonly<Record<string, number>> = {
    "0": 600_000,
    "250": 350_000,
    " 250 , 9": 350_000,
    "600": 1_000,
    "99999999999": 1_000,
    "-5": 600_000,
    "soon": 600_000,
  };
  for (const [age, ms] of Object.entries(goodForMs)) {
    const { resolver, clock } = setUp({ "one.test": { address: [10, 0, 0, 1], ttl: 600, age } });
    await resolver.resolve("a.test");
    await clock.advance(ms - 1);
    assertEquals(resolver.known("a.test"), ["10.0.0.1"], age);
    await clock.advance(1);
    assertEquals(resolver.known("a.test"), undefined, age);
  }
});

test("DohResolver.resolve() shares the questions of concurrent callers, and lets each leave alone", async () => {
  const { resolver, asked } = setUp({ "one.test": { address: [10, 0, 0, 1] } });
  const controller = new AbortController();
  const leaving = resolver.resolve("a.test", controller.signal);
  const staying = resolver.resolve("a.test");
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await assertRejects(() => leaving), reason);
  assertEquals(await staying, ["10.0.0.1"]);
  assertEquals(asked.length, 2);
});

test("DohResolver.resolve() asks the next server when one fails, is too slow, or sends too much", async () => {
  const good = { address: [10, 0, 0, 1] };
  for (
    const bad of [{ status: 500 }, { isSilent: true }, { bytes: 70_000 }, { bytes: 5 }] satisfies Server[]
  ) {
    const { resolver, asked, clock } = setUp({ "bad.test": bad, "good.test": good });
    assertEquals(await clock.run(resolver.resolve("a.test")), ["10.0.0.1"]);
    assertEquals(asked, ["bad.test", "bad.test", "good.test", "good.test"]);
  }
});

test("DohResolver.resolve() says that no server has answered, and asks again the next time", async () => {
  const { resolver, asked, clock } = setUp({ "bad.test": { status: 500 }, "slow.test": { isSilent: true } });
  for (let count = 0; count < 2; count++) {
    const error = await assertRejects(() => clock.run(resolver.resolve("a.test")), ResolverError);
    assertEquals([error.reason, isOwnFailure(error)], ["unreachable", true]);
    assertStringIncludes(
      error.message,
      "bad.test: it answered with 500; slow.test: no answer within 1000 ms",
    );
  }
  assertEquals(asked.length, 8);
});

test("DohResolver.resolve() remembers for a while that a name does not exist", async () => {
  const { resolver, asked, clock } = setUp({ "one.test": {} }, { maxNegativeTtlMs: 500 });
  const resolve = () => assertRejects(() => resolver.resolve("a.test"), ResolverError);
  const error = await resolve();
  assertEquals([error.reason, isOwnFailure(error)], ["not-found", false]);
  await resolve();
  assertEquals(asked.length, 2);
  await clock.advance(500);
  await resolve();
  assertEquals(asked.length, 4);
});

test("DohResolver.resolve() asks no server about addresses, nor about impossible names", async () => {
  const { resolver, asked } = setUp({ "one.test": { address: [10, 0, 0, 1] } });
  assertEquals(await resolver.resolve("10.0.0.9"), ["10.0.0.9"]);
  await assertRejects(() => resolver.resolve(`${"a".repeat(64)}.test`), ResolverError);
  assertEquals(asked, []);
});

test("DohResolver.resolve() holds at most 1,024 names", async () => {
  const { resolver, asked } = setUp({ "one.test": { address: [10, 0, 0, 1] } });
  for (let index = 0; index <= 1_024; index++) await resolver.resolve(`n${index}.test`);
  assertEquals([resolver.known("n0.test"), resolver.known("n1.test")], [undefined, ["10.0.0.1"]]);
  assertEquals(asked.length, 2 * 1_025);
});
