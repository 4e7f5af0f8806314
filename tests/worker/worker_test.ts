import { assert, assertEquals } from "@std/assert";
import { serveSite, type Site } from "../support/site.ts";
import { watch } from "../support/settled.ts";
import { TOUR } from "../support/tour.ts";
import { until } from "../support/until.ts";
import { bundleWorker, serveWorker, type WorkerRig } from "./worker_rig.ts";

const SCRIPT = await bundleWorker("tests/worker/workers/scenes.ts");

/** Registers a test with its own worker and its own site. At the end, the worker's clients must become idle. */
function testWorker(name: string, body: (worker: WorkerRig, site: Site) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeResources: false, // Deno's connection pool keeps connections to a worker that has ended
    sanitizeOps: false,
    async fn() {
      await using site = serveSite();
      await using worker = await serveWorker(SCRIPT.replaceAll("http://site.invalid", site.url));
      await body(worker, site);
      await until(() => isIdle(worker));
    },
  });
}

/** Returns whether no client of a worker has a request in flight or in line. */
async function isIdle(worker: WorkerRig): Promise<boolean> {
  const { value } = await worker.ask("/stats") as { value: readonly number[] };
  return value.every((count) => count === 0);
}

/** Waits until a worker's clients have got `count` requests in total. */
async function untilRequested(worker: WorkerRig, count: number): Promise<void> {
  await until(async () => (await worker.ask("/requests") as { value: number }).value === count);
}

/**
 * Returns the answer of a follower: a call that waits for the same request as its leader, and must send its own once the
 * leader has gone. Releases the held path when that second request arrives.
 */
async function answerAfterLeader(site: Site, path: string, follower: Promise<unknown>): Promise<unknown> {
  const answer = watch(follower);
  await until(() => {
    if (site.countOf(path) > 1) site.release();
    return answer.state !== "pending";
  });
  return answer.value ?? answer.error;
}

const askAll = (worker: WorkerRig, paths: readonly string[]): Promise<unknown[]> =>
  Promise.all(paths.map((path) => worker.ask(path)));
const values = (count: number, value: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, index) => ({ value: value(index) }));
const paths = (count: number, path: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => path(index));

testWorker(
  "a worker takes the tour with clients at module scope, one request after the other",
  async (worker) => {
    assertEquals(await worker.ask("/tour"), { value: TOUR });
    assertEquals(await worker.ask("/tour"), { value: TOUR });
  },
);

testWorker("a worker takes several tours at once with the same clients", async (worker) => {
  const tours = await askAll(worker, paths(3, () => "/tour")) as { value: Record<string, unknown> }[];
  // The check for idle clients depends on the other tours, which may still be running.
  for (const { value } of tours) {
    assertEquals({ ...value, "nothing is left": 0 }, { ...TOUR, "nothing is left": 0 });
  }
});

testWorker("200 overlapping requests of one client are answered, each with its own", async (worker, site) => {
  const answers = await askAll(worker, paths(200, (index) => `/many?path=item/${index}?ms=30`));
  assertEquals(answers, values(200, (index) => `/item/${index}`));
  assertEquals(site.countOf("/item/199"), 1);
});

testWorker("overlapping requests wait for each other's permits, and for tokens", async (worker) => {
  const permits = await askAll(worker, paths(6, (index) => `/json?path=item/${index}?ms=100`));
  assertEquals(permits, values(6, (index) => `/item/${index}`));
  const tokens = await askAll(worker, paths(10, (index) => `/paced?path=item/${index}`));
  assertEquals(tokens, values(10, (index) => `/item/${index}`));
});

testWorker("an attempt times out although the request that came before it ends meanwhile", async (worker) => {
  const short = worker.ask("/once?path=item/a?ms=50");
  const long = worker.ask("/once?path=slow");
  assertEquals([await short, await long], [{ value: "/item/a" }, { error: "TimeoutError" }]);
});

testWorker(
  "overlapping requests for the same share one, and outlive the one that leads",
  async (worker, site) => {
    const shared = askAll(worker, paths(4, () => "/json?path=held/same"));
    await untilRequested(worker, 4);
    await until(() => site.countOf("/held/same") === 1);
    site.release();
    assertEquals([await shared, site.countOf("/held/same")], [values(4, () => "/held/same"), 1]);

    const leaving = new AbortController();
    const leader = worker.ask("/brief?path=held/led", leaving.signal).catch(() => "gone");
    await until(() => site.countOf("/held/led") === 1);
    const follower = worker.ask("/brief?path=held/led");
    await untilRequested(worker, 6);
    leaving.abort();
    assertEquals([await answerAfterLeader(site, "/held/led", follower), await leader], [
      { value: "/held/led" },
      "gone",
    ]);
  },
);

testWorker(
  "those who share a request that times out end with it, and nothing of them goes on",
  async (worker) => {
    // Whether a follower's own timeout has passed when it learns of its leader's timeout is a matter of chance.
    for (let round = 0; round < 8; round++) {
      const ends = await askAll(worker, paths(40, () => "/hasty?path=slow"));
      assertEquals(ends, Array(40).fill({ error: "TimeoutError" }));
    }
  },
);

testWorker("those who leave at any moment leave no permit behind that others wait for", async (worker) => {
  for (let round = 0; round < 5; round++) {
    const ends = await askAll(worker, paths(60, (index) => `/leave?path=item/${round}-${index % 6}?ms=30`));
    assertEquals(ends.length, 60);
  }
  // These requests must end long before the timeouts of the abandoned ones.
  const stayed = await askAll(worker, paths(4, (index) => `/stay?path=item/${index}`));
  assertEquals(stayed, values(4, (index) => `/item/${index}`));
});

testWorker(
  "those who are answered before they have been served keep no permit from others",
  async (worker) => {
    const gone = await askAll(worker, paths(20, (index) => `/abandon?path=item/${index}?ms=100`));
    assertEquals(gone, values(20, () => "gone"));
    // The permit of a request in flight returns long before its timeout, and requests in line never get one.
    assertEquals(await worker.ask("/after?path=item/a"), { value: "/item/a" });
  },
);

testWorker("those who leave a body that goes on keep no permit from others", async (worker) => {
  for (let caller = 0; caller < 2; caller++) {
    const leaving = new AbortController();
    const { body } = await worker.fetch("/follow?path=drip", leaving.signal);
    await body!.getReader().read();
    leaving.abort();
  }
  // This request must end long before the idle timeout of the abandoned ones.
  assertEquals(await worker.ask("/beside?path=item/a"), { value: "/item/a" });
});

testWorker("retries, and waits that a 429 asked for, happen in overlapping requests", async (worker) => {
  const flaky = await askAll(worker, paths(4, (index) => `/json?path=flaky/${index}`));
  assertEquals(flaky, values(4, () => ["GET", ""]));
  const limited = await askAll(worker, paths(3, (index) => `/json?path=limited/${index}`));
  assertEquals(limited, values(3, (index) => `/limited/${index}`));
});

testWorker(
  "those who wait for others go on in their own requests, also once V8 has optimized how they wait",
  async (worker) => {
    for (let round = 0; round < 30; round++) assertEquals(await worker.ask("/wait"), { value: "waited" });
    for (const scene of ["/many", "/cached", "/flight"]) {
      const shared = await askAll(worker, paths(40, () => `${scene}?path=item/0?ms=50`));
      assertEquals(shared, values(40, () => "/item/0"), scene);
    }
    const permits = await askAll(worker, paths(60, (index) => `/many?path=item/${index}?ms=50`));
    assertEquals(permits, values(60, (index) => `/item/${index}`));
  },
);

testWorker("batches of overlapping requests go on side by side", async (worker) => {
  for (const how of ["settle", "settle-through"]) {
    const batches = await askAll(worker, ["a", "b", "c"].map((name) => `/${how}?path=item/${name}`));
    assertEquals(batches, values(3, () => 20), how);
  }
});

testWorker("batches that share requests go on in their own requests", async (worker, site) => {
  const batches = watch(askAll(worker, paths(4, () => "/settle?path=held/shared")));
  await untilRequested(worker, 8); // each batch waits for the same two requests
  await until(() => site.countOf("/held/shared/1") === 1);
  assertEquals(site.countOf("/held/shared/0"), 1);
  await until(() => {
    site.release();
    return batches.state !== "pending";
  });
  assertEquals([batches.error, batches.value], [undefined, values(4, () => 20)]);
});

testWorker(
  "an answer is passed on as it streams, and one that is not read holds nobody up",
  async (worker) => {
    const passed = await worker.fetch("/pass?path=echo?bytes=200000");
    assertEquals(((await passed.json()) as string[])[2]?.length, 200_000);
    for (let round = 0; round < 5; round++) {
      assertEquals(await worker.ask("/unread?path=echo?bytes=70000"), { value: 200 });
    }
    // An unread body holds its permit at most until its request would have timed out, and not while others wait for it.
    await until(async () => {
      assertEquals(await worker.ask("/settle?path=item/after"), { value: 20 });
      return await isIdle(worker);
    });
  },
);

testWorker(
  "what is stale is brought up to date, although the request ends that has begun to ask for it",
  async (worker, site) => {
    for (const name of ["a", "b"]) {
      const path = `/cached?path=stale/${name}?ms=50`;
      assertEquals([await worker.ask(path), await worker.ask(path)], values(2, () => 1));
      await until(async () => (await worker.ask(path) as { value: number }).value > 1);
      // Requests at the same time do not each send a revalidation.
      const before = site.countOf(`/stale/${name}`);
      await askAll(worker, paths(50, () => path));
      assert(site.countOf(`/stale/${name}`) <= before + 2);
    }
  },
);

testWorker(
  "a call of a cache goes itself if the one that it waits for ends with its request",
  async (worker, site) => {
    for (const [index, scene] of ["/cached-once", "/cached"].entries()) {
      const path = `path=held${scene}`;
      const leaving = new AbortController();
      const leader = worker.ask(`/cached?${path}`, leaving.signal).catch(() => "gone");
      await until(() => site.countOf(`/held${scene}`) === 1);
      const follower = worker.ask(`${scene}?${path}`);
      await untilRequested(worker, 2 * index + 2);
      leaving.abort();
      assertEquals([await answerAfterLeader(site, `/held${scene}`, follower), await leader], [
        { value: `/held${scene}` },
        "gone",
      ]);
    }
  },
);

testWorker(
  "the cache of the web keeps answers from one request to another, alone and as a tier",
  async (worker, site) => {
    for (const scene of ["/web", "/tiers"]) {
      const path = `${scene}?path=cached${scene}`;
      assertEquals(await askAll(worker, [path]), [{ value: "network" }]);
      await until(async () => (await worker.ask(path) as { value: string }).value === "cache");
      assertEquals(site.countOf(`/cached${scene}`), 1, scene);
    }
  },
);

testWorker("Client.close() ends what another request waits for", async (worker, site) => {
  const pending = worker.ask("/closable?path=slow");
  await until(() => site.countOf("/slow") === 1);
  assertEquals(await worker.ask("/close"), { value: "closed" });
  assertEquals(await pending, { error: "AbortError" });
  assertEquals(await worker.ask("/closable?path=item/new"), { value: "/item/new" });
});

testWorker("Client.close() survives an abort that throws", async (worker) => {
  assertEquals(await worker.ask("/close-throws"), { value: ["AbortError", "AbortError"] });
});
