import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  type BreakerEvent,
  CircuitOpenError,
  type Client,
  type ClientOptions,
  DataNotFoundError,
  HttpError,
  NetworkError,
} from "../../mod.ts";
import { type FakeClient, fakeClient } from "../client/fake_client.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { gate, rejection, watch } from "../support/settled.ts";
import { bothWays } from "../policies/both_ways.ts";
import { test } from "../support/test.ts";

const ORIGIN = "https://a.test";

interface SetUp extends FakeClient {
  readonly changes: string[];
}

function setUp(answer: (request: SentRequest) => Answer, options: ClientOptions = {}, listens = true): SetUp {
  const made = fakeClient(answer, { maxRetries: 0, ...options });
  const changes: string[] = [];
  if (listens) {
    made.client.on((event) => {
      if (event.type === "breaker") changes.push(`${event.from} > ${event.to}`);
    });
  }
  return { ...made, changes };
}

const testBothWays = bothWays(
  (listens) => (answer: (request: SentRequest) => Answer, options?: ClientOptions) =>
    setUp(answer, options, listens),
);

function stateOf(client: Client, origin: string = ORIGIN): string | undefined {
  return client.stats().origins[origin]?.breaker;
}

/** Fails `count` requests to /fail. */
async function fail({ client, clock }: SetUp, count: number): Promise<void> {
  await clock.run(client.settle(Array.from({ length: count }, () => `${ORIGIN}/fail`), { concurrency: 1 }));
}

const failing = ({ url }: SentRequest): Answer => url.endsWith("/fail") ? { status: 500 } : { json: 1 };

testBothWays(
  "S14: a threshold of failures in a row opens the breaker, which then refuses at once and says for how long",
  async (setUp) => {
    const made = setUp(failing, { circuitBreaker: { threshold: 5, cooldownMs: 60_000 } });
    const { client, clock, network } = made;

    await fail(made, 4);
    assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
    await fail(made, 4);
    assertEquals(stateOf(client), "closed");
    await fail(made, 1);
    assertEquals([stateOf(client), network.sent.length], ["open", 10]);

    await clock.advance(10_000);
    const error = await clock.run(rejection(client.json(`${ORIGIN}/good`)));
    assertInstanceOf(error, CircuitOpenError);
    assertEquals([error.retryAfterMs, error.attempts, error.url, error.method], [
      50_000,
      0,
      `${ORIGIN}/good`,
      "GET",
    ]);
    assertEquals([network.sent.length, clock.now()], [10, 10_000]);
  },
);

testBothWays("S14: by default 80 % of at least 20 requests open the breaker, for 250 ms", async (setUp) => {
  const made = setUp(failing);
  const { client, clock, network } = made;

  for (let n = 0; n < 4; n++) await clock.run(client.json(`${ORIGIN}/good`));
  await fail(made, 15);
  assertEquals(stateOf(client), "closed");
  await fail(made, 1);
  assertEquals([stateOf(client), network.sent.length], ["open", 20]);
  const error = await clock.run(rejection(client.json(`${ORIGIN}/good`)));
  assertInstanceOf(error, CircuitOpenError);
  assertEquals(error.retryAfterMs, 250);
});

testBothWays("S14: network errors, timeouts, broken bodies, 5xx and 408 count as failures", async (setUp) => {
  const answers: Record<string, Answer> = {
    network: { error: new TypeError("refused") },
    timeout: { json: 1, afterMs: 1e6 },
    bodyTimeout: { json: [1], bodyMs: 1e6 },
    broken: { body: "0123", breaksWith: new TypeError("reset") },
    500: { status: 500 },
    502: { status: 502 },
    503: { status: 503 },
    504: { status: 504 },
    501: { status: 501 },
    529: { status: 529 },
    408: { status: 408 },
  };
  for (const [name, answer] of Object.entries(answers)) {
    const { client, clock } = setUp(() => answer, { circuitBreaker: { threshold: 2 }, timeoutMs: 100 });
    await clock.run(rejection(client.json(`${ORIGIN}/1`)));
    assertEquals(stateOf(client), "closed", name);
    await clock.run(rejection(client.json(`${ORIGIN}/2`)));
    assertEquals(stateOf(client), "open", name);
  }
});

test("S14: a 429 is neither a success nor a failure, with a Retry-After and without, also as the answer to a probe", async () => {
  for (const headers of [{}, { "retry-after": "0" }, { "retry-after": "1" }]) {
    const made = setUp(
      (request) => request.url.endsWith("/x") ? { status: 429, headers } : failing(request),
      { circuitBreaker: { threshold: 2, cooldownMs: 10_000 } },
    );
    const { client, clock, changes } = made;
    await fail(made, 1);
    for (let round = 0; round < 4; round++) await clock.run(rejection(client.json(`${ORIGIN}/x`)));
    assertEquals(stateOf(client), "closed");
    await clock.advance(60_000);
    await fail(made, 1);
    assertEquals(stateOf(client), "open");

    await clock.advance(10_000);
    await clock.run(rejection(client.json(`${ORIGIN}/x`)));
    assertEquals(stateOf(client), "half-open");
    await clock.advance(1_000_000);
    assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
    assertEquals(changes, ["closed > open", "open > half-open", "half-open > closed"]);
  }
});

testBothWays("S14: 4xx other than 408 and 429 count as successes", async (setUp) => {
  for (const status of [400, 401, 403, 404, 409, 410, 418, 422]) {
    const made = setUp((request) => request.url.endsWith("/x") ? { status } : failing(request), {
      circuitBreaker: { threshold: 2 },
    });
    const { client, clock } = made;
    for (let round = 0; round < 4; round++) {
      await fail(made, 1);
      const error = await clock.run(rejection(client.json(`${ORIGIN}/x`)));
      assert(error instanceof HttpError || error instanceof DataNotFoundError);
    }
    assertEquals(stateOf(client), "closed", `${status}`);
  }
});

testBothWays(
  "S14: a caller's abort is neither a success nor a failure, before the headers and during the body",
  async (setUp) => {
    const made = setUp(
      (request) => request.url.endsWith("/slow") ? { json: [1], afterMs: 50, bodyMs: 50 } : failing(request),
      {
        circuitBreaker: { threshold: 2 },
      },
    );
    const { client, clock } = made;
    const abortAfter = async (ms: number): Promise<void> => {
      const controller = new AbortController();
      const pending = rejection(client.json(`${ORIGIN}/slow`, { signal: controller.signal }));
      await clock.advance(ms);
      controller.abort();
      await pending;
      await clock.advance(0);
    };
    for (let round = 0; round < 5; round++) {
      await abortAfter(25);
      await abortAfter(75);
    }
    assertEquals(stateOf(client), "closed");
    await fail(made, 1);
    await abortAfter(25);
    await abortAfter(75);
    await fail(made, 1);
    assertEquals(stateOf(client), "open");
  },
);

testBothWays(
  "S14: a caller's abort is neither a success nor a failure, even if its reason is an error of this module",
  async (setUp) => {
    const { client, clock } = setUp(() => ({ json: 1, afterMs: 50 }), { circuitBreaker: { threshold: 1 } });
    const controller = new AbortController();
    const pending = rejection(client.json(`${ORIGIN}/slow`, { signal: controller.signal }));
    await clock.advance(25);
    controller.abort(new NetworkError("another client failed"));
    await pending;
    await clock.advance(0);
    assertEquals(stateOf(client), "closed");
  },
);

testBothWays(
  "S14: a total deadline that passes during an attempt does not close a breaker that counts",
  async (setUp) => {
    const made = setUp(
      (request) => request.url.endsWith("/slow") ? { json: 1, afterMs: 1e6 } : failing(request),
      {
        circuitBreaker: { threshold: 2 },
      },
    );
    await fail(made, 1);
    await made.clock.run(rejection(made.client.json(`${ORIGIN}/slow`, { totalTimeoutMs: 10 })));
    await fail(made, 1);
    assertEquals(stateOf(made.client), "open");
  },
);

testBothWays("S14: breakers are per origin", async (setUp) => {
  const made = setUp(failing, { circuitBreaker: { threshold: 2 } });
  const { client, clock } = made;

  await fail(made, 2);
  assertEquals(stateOf(client), "open");
  for (const url of ["https://b.test/x", "http://a.test/x", "https://a.test:8443/x"]) {
    assertEquals(await clock.run(client.json(url)), 1);
    assertEquals(stateOf(client, new URL(url).origin), "closed");
  }
  assertInstanceOf(await clock.run(rejection(client.json("https://a.test:443/x"))), CircuitOpenError);
});

testBothWays(
  "S14: the client does not forget a breaker that counts failures, however many other origins there are",
  async (setUp) => {
    const made = setUp(failing, { circuitBreaker: { threshold: 2 } });
    const { client, clock } = made;

    await fail(made, 1);
    await clock.run(client.settle(Array.from({ length: 3_000 }, (_, n) => `https://host${n}.test/`)));
    await fail(made, 1);
    assertEquals(stateOf(client), "open");
  },
);

test("S14: half-open admits exactly one probe and refuses the others, and a successful probe closes the breaker", async () => {
  const probe = gate();
  const made = setUp(
    (request) => request.url.endsWith("/probe") ? { json: 1, gate: probe.promise } : failing(request),
    {
      circuitBreaker: { threshold: 2, cooldownMs: 1_000 },
    },
  );
  const { client, clock, network, changes } = made;

  await fail(made, 2);
  await clock.advance(999);
  assertInstanceOf(await clock.run(rejection(client.json(`${ORIGIN}/probe`))), CircuitOpenError);
  await clock.advance(1);
  const probing = watch(client.json(`${ORIGIN}/probe`));
  await clock.advance(0);
  const others = await Promise.all(
    Array.from({ length: 20 }, (_, n) => rejection(client.json(`${ORIGIN}/good${n}`))),
  );
  for (const error of others) assertInstanceOf(error, CircuitOpenError);
  assertEquals([network.sent.length, probing.state, stateOf(client)], [3, "pending", "half-open"]);
  probe.open();
  await clock.advance(0);
  assertEquals([probing.state, stateOf(client)], ["fulfilled", "closed"]);
  assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
  assertEquals(changes, ["closed > open", "open > half-open", "half-open > closed"]);
});

testBothWays(
  "S14: of many requests that come at once after the cooldown, one is let through",
  async (setUp) => {
    const made = setUp(({ nth }) => nth <= 2 ? { status: 500 } : { json: 1, afterMs: 10 }, {
      circuitBreaker: { threshold: 2, cooldownMs: 1_000 },
    });
    const { client, clock, network } = made;

    await fail(made, 2);
    await clock.advance(1_000);
    const outcomes = await clock.run(Promise.all(
      Array.from(
        { length: 50 },
        (_, n) => client.json(`${ORIGIN}/fail`, { headers: { "x-n": `${n}` } }).then(() => 1, () => 0),
      ),
    ));
    assertEquals([outcomes.filter((ok) => ok).length, network.sent.length], [1, 3]);
  },
);

test("S14: a failed probe opens the breaker for twice the cooldown, up to the longest", async () => {
  const made = setUp(failing, { circuitBreaker: { threshold: 3, cooldownMs: 1_000, maxCooldownMs: 3_000 } });
  const { client, clock, network, changes } = made;

  await fail(made, 3);
  for (
    const [round, waitedMs, nextMs] of [[1, 1_000, 2_000], [2, 2_000, 3_000], [3, 3_000, 3_000]] as const
  ) {
    await clock.advance(waitedMs);
    const error = await clock.run(rejection(client.json(`${ORIGIN}/fail`)));
    assertInstanceOf(error, HttpError);
    const refused = await clock.run(rejection(client.json(`${ORIGIN}/good`)));
    assertInstanceOf(refused, CircuitOpenError);
    assertEquals([refused.retryAfterMs, network.sent.length], [nextMs, 3 + round]);
  }
  assertEquals(changes, [
    "closed > open",
    ...Array.from({ length: 3 }, () => ["open > half-open", "half-open > open"]).flat(),
  ]);
  await clock.advance(3_000);
  await clock.run(client.json(`${ORIGIN}/good`));
  await fail(made, 3);
  assertInstanceOf(await clock.run(rejection(client.json(`${ORIGIN}/good`))), CircuitOpenError);
  await clock.advance(1_000);
  assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
});

testBothWays("S14: a 404 to the probe closes the breaker", async (setUp) => {
  const made = setUp((request) => request.url.endsWith("/gone") ? { status: 404 } : failing(request), {
    circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
  });
  await fail(made, 1);
  await made.clock.advance(1_000);
  assertInstanceOf(await made.clock.run(rejection(made.client.json(`${ORIGIN}/gone`))), DataNotFoundError);
  assertEquals(stateOf(made.client), "closed");
});

testBothWays(
  "S14: a probe that its caller aborts is neither a success nor a failure, and the next one may probe at once",
  async (setUp) => {
    const made = setUp(
      (request) => request.url.endsWith("/slow") ? { json: 1, afterMs: 1e6 } : failing(request),
      {
        circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
        timeoutMs: Infinity,
      },
    );
    const { client, clock, network } = made;

    await fail(made, 1);
    await clock.advance(1_000);
    const controller = new AbortController();
    const probing = rejection(client.json(`${ORIGIN}/slow`, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort();
    await probing;
    await clock.advance(0);
    assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
    assertEquals([stateOf(client), network.sent.length, clock.now()], ["closed", 3, 1_010]);
  },
);

testBothWays(
  "S14: a probe that is aborted while it waits for a permit is neither a success nor a failure",
  async (setUp) => {
    const held = gate();
    const made = setUp(
      (request) => request.url === "https://b.test/held" ? { json: 1, gate: held.promise } : failing(request),
      {
        circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
        concurrency: 1,
        timeoutMs: Infinity,
      },
    );
    const { client, clock } = made;

    await fail(made, 1);
    await clock.advance(1_000);
    const holding = client.json("https://b.test/held");
    const controller = new AbortController();
    const probing = rejection(client.json(`${ORIGIN}/good`, { signal: controller.signal }));
    await clock.advance(0);
    controller.abort();
    await probing;
    held.open();
    await clock.run(holding);
    assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
    assertEquals(stateOf(client), "closed");
  },
);

testBothWays(
  "S14: a probe fails after 5 s, or after `timeoutMs` if that is shorter, and its cooldown begins then",
  async (setUp) => {
    const hangs = (request: SentRequest): Answer =>
      request.url.endsWith("/hangs") ? { json: 1, afterMs: 1e9 } : failing(request);
    for (const [timeoutMs, leaseMs] of [[Infinity, 5_000], [30_000, 5_000], [400, 400]] as const) {
      const made = setUp(hangs, { circuitBreaker: { threshold: 1, cooldownMs: 1_000 }, timeoutMs });
      const { client, clock } = made;

      await fail(made, 1);
      await clock.advance(1_000);
      const hanging = watch(client.json(`${ORIGIN}/hangs`));
      const timesLeft: number[] = [];
      for (const waitMs of [0, leaseMs - 1, 1, 1_999]) {
        await clock.advance(waitMs);
        const error = await clock.run(rejection(client.json(`${ORIGIN}/good`)));
        assertInstanceOf(error, CircuitOpenError);
        timesLeft.push(error.retryAfterMs!);
      }
      assertEquals(timesLeft, [leaseMs, 1, 2_000, 1]);
      await clock.advance(1);
      assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
      assertEquals([stateOf(client), hanging.state], ["closed", timeoutMs === 400 ? "rejected" : "pending"]);
      await client.close();
    }
  },
);

testBothWays(
  "S14: a probe succeeds when its headers have come, however long its body takes",
  async (setUp) => {
    const made = setUp(
      (request) => request.url.endsWith("/slow") ? { json: [1], bodyMs: 20_000 } : failing(request),
      { circuitBreaker: { threshold: 1, cooldownMs: 1_000 } },
    );
    const { client, clock } = made;
    await fail(made, 1);
    await clock.advance(1_000);
    const slow = watch(client.json(`${ORIGIN}/slow`));
    await clock.advance(1);
    assertEquals([stateOf(client), slow.state], ["closed", "pending"]);
    assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
    await clock.advance(20_000);
    assertEquals(slow.state, "fulfilled");
  },
);

/** Deceives a client: headers close the breaker, bodies then break off, and the breaker is open again. */
async function deceive({ client, clock }: SetUp): Promise<void> {
  await clock.run(rejection(client.json(`${ORIGIN}/fail`)));
  await clock.advance(1_000);
  await clock.run(rejection(client.json(`${ORIGIN}/broken`)));
  assertEquals(stateOf(client), "closed");
  await clock.run(rejection(client.json(`${ORIGIN}/broken`)));
  assertEquals(stateOf(client), "open");
}

/** Bodies that break off, last long, or never end. */
const deceiving = (request: SentRequest): Answer => {
  if (request.url.endsWith("/broken")) return { body: "[1,", bodyMs: 20, breaksWith: new TypeError("reset") };
  if (request.url.endsWith("/late")) {
    return { body: "[1,", bodyMs: 4_000, breaksWith: new TypeError("reset") };
  }
  if (request.url.endsWith("/slow")) return { json: [1], bodyMs: 20_000 };
  return failing(request);
};

testBothWays("S14: after headers that proved nothing, the body of a probe has to come too", async (setUp) => {
  const made = setUp(deceiving, { circuitBreaker: { threshold: 1, cooldownMs: 1_000 } });
  const { client, clock } = made;
  await deceive(made);
  for (const cooldownMs of [1_000, 2_000]) {
    await clock.advance(cooldownMs);
    const probe = watch(client.json(`${ORIGIN}/broken`));
    await clock.advance(10);
    assertEquals([stateOf(client), probe.state], ["half-open", "pending"]);
    await clock.advance(10);
    assertEquals([stateOf(client), probe.state], ["open", "rejected"]);
  }
  await clock.advance(4_000);
  assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
  assertEquals(stateOf(client), "closed");
  // The breaker forgets that doubt when the outage is over.
  await fail(made, 1);
  await clock.advance(1_000);
  const slow = watch(client.json(`${ORIGIN}/slow`));
  await clock.advance(1);
  assertEquals([stateOf(client), slow.state], ["closed", "pending"]);
  await clock.run(client.close());
});

for (const [timeoutMs, provenMs] of [[30_000, 2_500], [1_000, 500]] as const) {
  testBothWays(
    `S14: once headers have proved nothing, a body that goes on for ${provenMs} ms does where 'timeoutMs' is ${timeoutMs}`,
    async (setUp) => {
      const options = { circuitBreaker: { threshold: 1, cooldownMs: 1_000 }, timeoutMs };
      const made = setUp(deceiving, options);
      const { client, clock } = made;
      for (const path of ["slow", "late"]) {
        await deceive(made);
        await clock.advance(1_000);
        const probe = watch(client.json(`${ORIGIN}/${path}`));
        await clock.advance(provenMs - 1);
        assertEquals([stateOf(client), probe.state], ["half-open", "pending"]);
        await clock.advance(1);
        assertEquals([stateOf(client), probe.state], ["closed", "pending"]);
        await clock.advance(30_000);
        // A success in between makes the next outage a new one.
        assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
      }
    },
  );
}

test("S14: a probe that succeeds too late still closes the breaker", async () => {
  const made = setUp(
    (request) => request.url.endsWith("/slow") ? { json: 1, afterMs: 6_000 } : failing(request),
    { circuitBreaker: { threshold: 1, cooldownMs: 1_000 } },
  );
  const { client, clock, changes } = made;
  await fail(made, 1);
  await clock.advance(1_000);
  const slow = watch(client.json(`${ORIGIN}/slow`));
  await clock.advance(5_500);
  assertInstanceOf(await clock.run(rejection(client.json(`${ORIGIN}/good`))), CircuitOpenError);
  assertEquals(stateOf(client), "open");
  await clock.advance(500);
  assertEquals([slow.state, stateOf(client)], ["fulfilled", "closed"]);
  assertEquals(changes, ["closed > open", "open > half-open", "half-open > open", "open > closed"]);
});

test("S14: a late result of an attempt that began before the breaker opened changes nothing", async () => {
  const lateSuccess = gate();
  const lateFailure = gate();
  const made = setUp((request) => {
    if (request.url.endsWith("/late-success")) return { json: 1, gate: lateSuccess.promise };
    if (request.url.endsWith("/late-failure")) return { status: 500, gate: lateFailure.promise };
    return failing(request);
  }, { circuitBreaker: { threshold: 2, cooldownMs: 1_000 }, timeoutMs: Infinity });
  const { client, clock, changes } = made;

  const success = client.json(`${ORIGIN}/late-success`);
  const failure = rejection(client.json(`${ORIGIN}/late-failure`));
  await clock.advance(0);
  await fail(made, 2);
  lateSuccess.open();
  await clock.run(success);
  assertEquals(stateOf(client), "open");

  await clock.advance(1_000);
  assertEquals(await clock.run(client.json(`${ORIGIN}/good`)), 1);
  await fail(made, 1);
  lateFailure.open();
  await clock.run(failure);
  assertEquals(stateOf(client), "closed");
  assertEquals(changes, ["closed > open", "open > half-open", "half-open > closed"]);
});

testBothWays(
  "S14: the failure ratio opens the breaker by share, over a window that also slides while idle",
  async (setUp) => {
    const made = setUp(failing, {
      circuitBreaker: { failureRatio: 0.5, minimumRequests: 10, windowMs: 10_000 },
    });
    const { client, clock } = made;
    const succeed = (count: number) =>
      clock.run(client.settle(Array.from({ length: count }, () => `${ORIGIN}/good`), { concurrency: 1 }));

    await fail(made, 9);
    assertEquals(stateOf(client), "closed");
    await clock.advance(20_000);
    await succeed(9);
    await fail(made, 8);
    assertEquals(stateOf(client), "closed");
    await fail(made, 1);
    assertEquals(stateOf(client), "open");
  },
);

testBothWays("S14: requests that wait for a permit are refused when the breaker opens", async (setUp) => {
  const made = setUp(() => ({ status: 500, afterMs: 10 }), {
    circuitBreaker: { threshold: 3 },
    concurrency: 1,
  });
  const { client, clock, network } = made;

  const errors = await clock.run(Promise.all(
    Array.from({ length: 20 }, (_, n) => rejection(client.json(`${ORIGIN}/${n}`))),
  ));
  assertEquals(network.sent.length, 3);
  assertEquals(errors.filter((error) => error instanceof CircuitOpenError).length, 17);
  assertEquals(client.stats().inFlight, 0);
});

testBothWays("S14: requests that wait for a token are refused when the breaker opens", async (setUp) => {
  const made = setUp(() => ({ status: 500 }), {
    circuitBreaker: { threshold: 3 },
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
  });
  const { client, clock, network } = made;

  const errors = await clock.run(Promise.all(
    Array.from({ length: 20 }, (_, n) => rejection(client.json(`${ORIGIN}/${n}`))),
  ));
  assertEquals(network.sent.length, 3);
  assertEquals(errors.filter((error) => error instanceof CircuitOpenError).length, 17);
});

testBothWays(
  "S14: no probe goes out beside requests that queued while the breaker was closed",
  async (setUp) => {
    const made = setUp(
      ({ nth, url }) =>
        nth === 1 && Number(url.split("/").at(-1)) < 3
          ? { status: 500, afterMs: 10 }
          : { json: 1, afterMs: 10 },
      {
        circuitBreaker: { threshold: 3, cooldownMs: 1_000 },
        concurrency: 1,
        maxRetries: 3,
        backoff: { jitter: "none" },
      },
    );
    const { client, clock, network } = made;

    await clock.run(
      Promise.all(Array.from({ length: 10 }, (_, n) => client.json(`${ORIGIN}/${n}`).catch(() => 0))),
    );
    const afterOpening = network.sent.slice(3).map(({ atMs }) => atMs);
    assert(afterOpening.every((atMs) => atMs >= 1_030), afterOpening.join());
  },
);

testBothWays(
  "S14: a request whose own attempts open the breaker makes no further attempts",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ status: 500 }), {
      circuitBreaker: { threshold: 2, cooldownMs: 60_000 },
      maxRetries: 3,
      backoff: { jitter: "none" },
    });

    const error = await clock.run(rejection(client.json(`${ORIGIN}/x`)));
    assertInstanceOf(error, NetworkError);
    assertEquals([error.attempts, network.sent.length], [2, 2]);
  },
);

testBothWays("S14: client.fetch() counts by status, and an open breaker refuses it too", async (setUp) => {
  const made = setUp(failing, { circuitBreaker: { threshold: 2 } });
  const { client, clock } = made;

  for (let n = 0; n < 2; n++) {
    const response = await clock.run(client.fetch(`${ORIGIN}/fail`));
    await response.body?.cancel();
  }
  assertEquals(stateOf(client), "open");
  assertInstanceOf(await clock.run(rejection(client.fetch(`${ORIGIN}/good`))), CircuitOpenError);
});

test("S14: false means no breaker", async () => {
  const made = setUp(failing, { circuitBreaker: false });
  await fail(made, 50);
  assertEquals([made.network.sent.length, stateOf(made.client), made.changes], [50, "closed", []]);
});

test("S14: each state change is one event of its origin, with the time", async () => {
  const made = setUp(failing, { circuitBreaker: { threshold: 2, cooldownMs: 1_000 } });
  const events: BreakerEvent[] = [];
  made.client.on((event) => {
    if (event.type === "breaker") events.push(event);
  });

  await fail(made, 2);
  await made.clock.advance(1_500);
  await made.clock.run(made.client.json(`${ORIGIN}/good`));
  assertEquals(events, [
    { type: "breaker", origin: ORIGIN, atMs: 0, from: "closed", to: "open" },
    { type: "breaker", origin: ORIGIN, atMs: 1_500, from: "open", to: "half-open" },
    { type: "breaker", origin: ORIGIN, atMs: 1_500, from: "half-open", to: "closed" },
  ]);
});

testBothWays("S14: an open breaker needs no timer", async (setUp) => {
  const made = setUp(failing, { circuitBreaker: { threshold: 2 } });
  await fail(made, 2);
  await made.clock.advance(0);
  assertEquals(made.clock.pending, 0);
});

testBothWays(
  "S14: a single request counts once, so that a few requests with many retries do not open the breaker for all",
  async (setUp) => {
    for (const calls of [1, 9, 19, 20]) {
      const { client, clock, network } = setUp(() => ({ status: 500, afterMs: 1 }), {
        maxRetries: 3,
        backoff: { baseMs: 1, jitter: "none" },
        circuitBreaker: {},
      });
      const statuses: number[] = [];
      for (let call = 0; call < calls; call++) {
        const response = await clock.run(client.fetch(`https://a.test/${call}`));
        statuses.push(response.status);
      }
      assertEquals(statuses, Array(calls).fill(500));
      const { breaker, failed } = client.stats().origins["https://a.test"]!;
      if (calls < 20) assertEquals([network.sent.length, failed], [4 * calls, 4 * calls]);
      assertEquals(breaker, calls < 20 ? "closed" : "open");
    }
  },
);
