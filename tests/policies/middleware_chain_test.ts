import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { isNetworkError, isTimeoutError } from "../../src/errors.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { asNetworkFailure, type Middleware } from "../../src/policies/middleware.ts";
import type { RequestBody } from "../../mod.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { fakeClient } from "../client/fake_client.ts";
import { collectGarbage } from "../support/garbage.ts";
import { runtime, test } from "../support/test.ts";

const URL = "https://a.test/x";
const pass: Middleware = (request, next) => next(request);

function named(name: string, seen: string[]): Middleware {
  return async (request, next) => {
    seen.push(`${name} in`);
    const response = await next(request);
    seen.push(`${name} out`);
    return response;
  };
}

test("passThrough() passes through all middleware, the first one outermost, in each attempt", async () => {
  const seen: string[] = [];
  let sent = 0;
  const { client, clock } = fakeClient(() => ++sent === 1 ? { status: 503 } : { json: 1 }, {
    use: [named("a", seen), named("b", seen)],
  });
  const value = client.json(URL);
  await clock.advance(10_000);
  assertEquals(await value, 1);
  const once = ["a in", "b in", "b out", "a out"];
  assertEquals(seen, [...once, ...once]);
});

test("passThrough() tells middleware the number of the attempt, over all rounds", async () => {
  const attempts: number[] = [];
  let sent = 0;
  const { client, clock } = fakeClient(() => ++sent < 3 ? { status: 503 } : { json: 1 }, {
    use: [(request, next, { attempt }) => {
      attempts.push(attempt);
      return next(request);
    }],
  });
  const value = client.json(URL);
  await clock.advance(30_000);
  await value;
  assertEquals(attempts, [1, 2, 3]);
});

test("passThrough() sends the request that a middleware makes, and returns the response that it makes", async () => {
  const { client, network } = fakeClient(() => ({ json: { a: 1 } }), {
    headers: { "x-client": "1" },
    use: [
      async (request, next) => {
        request.headers.set("x-own", "2");
        request.headers.delete("x-client");
        const response = await next(request);
        return Response.json({ ...await response.json(), b: 2 }, { status: 203 });
      },
      (request, next) => next(new Request("https://b.test/y", request)),
    ],
  });
  const outcome = await client.outcome(URL);
  assertEquals(outcome.ok && outcome.value, { a: 1, b: 2 });
  assertEquals(outcome.ok && outcome.status, 203);
  const [sent] = network.sent;
  assertEquals(sent!.url, "https://b.test/y");
  assertEquals(sent!.headers.get("x-own"), "2");
  assertEquals(sent!.headers.get("x-client"), null);
});

test("passThrough() lets a middleware answer by itself, and call next() again", async () => {
  const { client, network } = fakeClient(
    ({ headers }) => ({ status: headers.get("x") === "2" ? 200 : 401, json: 1 }),
    {
      use: [async (request, next) => {
        if (request.url.endsWith("/own")) return Response.json("own");
        const response = await next(request);
        if (response.status !== 401) return response;
        request.headers.set("x", "2");
        return await next(request);
      }],
    },
  );
  assertEquals(await client.json("https://a.test/own"), "own");
  assertEquals(network.sent.length, 0);
  assertEquals(await client.json({ url: URL, method: "POST", body: "text" }), 1);
  assertEquals(network.sent.map(({ body }) => body), ["text", "text"]);
});

test("passThrough() sends forms and bytes with their type, however often next() is called", async () => {
  const form = new FormData();
  form.set("name", "value");
  const bodies = [
    form,
    new Blob(["blob"], { type: "text/x" }),
    new URLSearchParams({ a: "b" }),
    new Uint8Array([65]),
  ];
  for (const body of bodies) {
    const received: string[] = [];
    const { client } = fakeClient(() => ({ json: 1 }), {
      use: [async (request, next) => {
        await next(request);
        return await next(request);
      }],
      fetch: async (url, init) => {
        const request = new Request(url, init);
        received.push(`${request.headers.get("content-type")?.split(";")[0]} ${await request.text()}`);
        return Response.json(1);
      },
    });
    await client.json({ url: URL, method: "POST", body });
    assertEquals(received.length, 2);
    assertEquals(received[0], received[1]);
    if (body === form) assertEquals(/form-data[^]*name="name"[^]*value/.test(received[0]!), true);
  }
});

test("passThrough() gives the caller an error that middleware throws, without a retry or a report to the breaker", async () => {
  for (const thrown of [new Error("own"), new TypeError("own"), "text", undefined]) {
    let count = 0;
    const { client } = fakeClient(() => ({ json: 1 }), {
      circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
      use: [() => {
        count++;
        throw thrown;
      }],
    });
    const caught = await client.json(URL).then(() => "nothing", (error: unknown) => error);
    assertStrictEquals(caught, thrown);
    await client.json(URL).catch(() => {});
    assertEquals(count, 2);
    assertEquals(client.stats().inFlight, 0);
  }
});

test("passThrough() counts a rejection of next() as a network failure, whether or not it is caught", async () => {
  let sent = 0;
  const answer = () => ++sent === 1 ? { error: new TypeError("refused") } : { json: 1 };
  const { client, clock } = fakeClient(answer, {
    use: [async (request, next) => {
      try {
        return await next(request);
      } catch (error) {
        assertEquals((error as Error).message, "refused");
        throw error;
      }
    }],
  });
  const value = client.json(URL);
  await clock.advance(10_000);
  assertEquals(await value, 1);
  assertEquals(sent, 2);
});

test("passThrough() counts a marked error as a network failure", async () => {
  const { client, clock } = fakeClient(() => ({ json: 1 }), {
    maxRetries: 1,
    use: [() => {
      throw asNetworkFailure(new TypeError("simulated"));
    }],
  });
  const value = client.json(URL).catch((error: unknown) => error);
  await clock.advance(10_000);
  const error = await value;
  assertEquals(isNetworkError(error) && error.attempts, 2);
});

test("passThrough() refuses a response of another implementation whose body could not be read", async () => {
  const { headers } = new Response();
  const body = { pipe: () => {}, destroy: () => {} };
  const response = { [Symbol.toStringTag]: "Response", status: 200, headers, body, bodyUsed: false };
  const { client } = fakeClient(() => ({ json: 1 }), { use: [() => response as unknown as Response] });
  await assertRejects(() => client.json(URL), TypeError, "a middleware must return a Response whose body is");
  await client.close();
});

test("passThrough() refuses values that are no Request or no Response", async () => {
  const make = (middleware: unknown) =>
    fakeClient(() => ({ json: 1 }), { use: [middleware as Middleware, pass] }).client.json(URL);
  await assertRejects(
    () => make(() => undefined),
    TypeError,
    "a middleware must return a Response: received undefined",
  );
  const bad = (_: Request, next: (request: unknown) => unknown) => next("https://a.test");
  await assertRejects(() => make(bad), TypeError, "hands on must be a Request: received a string");
  // The last middleware passes its request on to the network.
  for (const given of ["https://a.test", undefined, null, { url: "https://a.test" }]) {
    const { client, network } = fakeClient(() => ({ json: 1 }), {
      use: [(_, next) => next(given as unknown as Request)],
    });
    await assertRejects(() => client.json(URL), TypeError, "hands on must be a Request");
    assertEquals(network.sent.length, 0);
  }
});

test("passThrough() cancels the bodies of responses that no middleware returns", async () => {
  let cancelled = 0;
  const { client } = fakeClient(() => ({ json: 1 }), {
    fetch: () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new TextEncoder().encode("1")),
            cancel: () => void cancelled++,
          }),
        ),
      ),
    use: [async (request, next) => {
      await next(request);
      const kept = await next(request);
      return new Response(kept.body, { headers: { "x-kept": "1" } });
    }],
  });
  const response = await client.fetch(URL);
  assertEquals(cancelled, 1);
  assertEquals(response.headers.get("x-kept"), "1");
  await response.body!.cancel();
  assertEquals(cancelled, 2);
});

test("passThrough() cancels the body of a response that comes after the middleware has returned", async () => {
  for (
    const inner of [[], [pass], [
      Object.assign((...[request, next]: Parameters<Middleware>) => next(request), {
        around: "hop" as const,
      }),
    ]]
  ) {
    let answer: () => void = () => {};
    let cancelled = 0;
    let late: Promise<Response> | undefined;
    const { client } = fakeClient(() => ({ json: 1 }), {
      fetch: () =>
        new Promise((resolve) => {
          answer = () => resolve(new Response(new ReadableStream({ cancel: () => void cancelled++ })));
        }),
      use: [(request, next) => {
        late = next(request);
        return Response.json("own");
      }, ...inner],
    });
    assertEquals(await client.json(URL), "own");
    await eventLoopTurn();
    answer();
    await late;
    assertEquals(cancelled, 1);
  }
});

test("passThrough() sends nothing for a middleware that has already returned", async () => {
  let handOn: () => Promise<unknown> = () => Promise.resolve();
  let sent = 0;
  const { client } = fakeClient(() => ({ json: ++sent }), {
    use: [(request, next) => {
      handOn = () => next(request);
      return Response.json("own");
    }],
  });
  assertEquals(await client.json(URL), "own");
  await assertRejects(() => handOn(), TypeError, "must hand on before it returns");
  assertEquals(sent, 0);
});

test("passThrough() is inside the attempt's time and permit, and its signal aborts with them", async () => {
  const signals: AbortSignal[] = [];
  const { client, clock } = fakeClient(() => ({ json: 1 }), {
    timeoutMs: 1_000,
    maxRetries: 0,
    concurrency: 1,
    use: [(request, next) => {
      signals.push(request.signal);
      return request.url.endsWith("/slow") ? new Promise<Response>(() => {}) : next(request);
    }],
  });
  const slow = client.json("https://a.test/slow").catch((error: unknown) => error);
  const second = client.json(URL);
  await clock.advance(500);
  assertEquals(client.stats().inFlight, 1);
  await clock.advance(600);
  assertEquals(isTimeoutError(await slow), true);
  assertEquals(signals[0]!.aborted, true);
  // A middleware that ignores its signal keeps its permit, and is written off.
  await clock.advance(1_100);
  assertEquals(await second, 1);
});

test("passThrough() runs after the cache, and around all redirects of an attempt", async () => {
  let passed = 0;
  const { client, network } = fakeClient(
    ({ url }) => url.endsWith("/x") ? { status: 302, headers: { location: "/y" } } : { json: 1 },
    {
      cache: ttlCache(memoryCache(), { ttlMs: 60_000 }),
      use: [(request, next) => {
        passed++;
        return next(request);
      }],
    },
  );
  await client.json(URL);
  await client.json(URL);
  assertEquals(passed, 1);
  assertEquals(network.sent.length, 2);
});

test("passThrough() does not let a sensitive header that it adds reach another origin by a redirect (S16)", async () => {
  const { client, network } = fakeClient(
    ({ url }) => url === URL ? { status: 307, headers: { location: "https://b.test/" } } : { json: 1 },
    {
      use: [(request, next) => {
        request.headers.set("authorization", "Bearer 1");
        request.headers.set("x-open", "1");
        return next(request);
      }],
    },
  );
  await client.json(URL);
  const [first, second] = network.sent;
  assertEquals([first!.headers.get("authorization"), first!.headers.get("x-open")], ["Bearer 1", "1"]);
  assertEquals([second!.headers.get("authorization"), second!.headers.get("x-open")], [null, "1"]);
});

/** Makes a middleware run around each hop. */
function onHops(middleware: Middleware): Middleware {
  return Object.assign(middleware.bind(undefined), { around: "hop" as const });
}

test("passThrough() puts middleware around hops inside all middleware around attempts, wherever it is listed", async () => {
  const seen: string[] = [];
  const { client } = fakeClient(
    ({ url }) => url === URL ? { status: 307, headers: { location: "/y" } } : { json: 1 },
    { use: [onHops(named("hop", seen)), named("attempt", seen)] },
  );
  assertEquals(await client.json(URL), 1);
  assertEquals(seen, ["attempt in", "hop in", "hop out", "hop in", "hop out", "attempt out"]);
});

test("passThrough() gives hops the request as it is sent, and sends what they make of it", async () => {
  const seen: string[] = [];
  const { client, network } = fakeClient(
    ({ url }) => url === URL ? { status: 302, headers: { location: "https://b.test/y" } } : { json: 1 },
    {
      use: [onHops((request, next) => {
        seen.push(`${request.method} ${request.url} ${request.headers.get("authorization")}`);
        request.headers.set("cookie", `at=${request.url}`);
        return next(request);
      })],
    },
  );
  const outcome = await client.outcome({
    url: URL,
    method: "POST",
    body: "x",
    headers: { authorization: "Basic x" },
  });
  assertEquals(outcome.ok && outcome.url, "https://b.test/y");
  assertEquals(seen, [`POST ${URL} Basic x`, "GET https://b.test/y null"]);
  assertEquals(network.sent.map(({ headers }) => headers.get("cookie")), [
    `at=${URL}`,
    "at=https://b.test/y",
  ]);
  assertEquals(network.sent.map(({ body }) => body ?? null), ["x", null]);
});

test("passThrough() sends forms and streams through hops as it does through attempts", async () => {
  const form = new FormData();
  form.set("a", "b");
  for (const body of [form, new Blob(["a=b"]).stream(), "a=b"]) {
    const received: string[] = [];
    const { client } = fakeClient(() => ({ json: 1 }), {
      use: [pass, onHops(pass)],
      fetch: async (url, init) => {
        received.push(await new Request(url, init).text());
        return Response.json(1);
      },
    });
    await client.json({ url: URL, method: "POST", body });
    assertEquals(received.length, 1);
    assertEquals(/a=b|name="a"[^]*b/.test(received[0]!), true);
  }
});

test("passThrough() gives the caller an error that a hop throws, and lets outer middleware see it", async () => {
  const own = new Error("own");
  const caught: unknown[] = [];
  const outer: Middleware = async (request, next) => {
    try {
      return await next(request);
    } catch (error) {
      caught.push(error);
      throw error;
    }
  };
  for (const use of [[onHops(() => Promise.reject(own))], [outer, onHops(() => Promise.reject(own))]]) {
    const { client, network } = fakeClient(() => ({ json: 1 }), { use });
    assertStrictEquals(await client.json(URL).catch((error: unknown) => error), own);
    assertEquals(network.sent.length, 0);
  }
  assertEquals(caught, [own]);
});

test("passThrough() counts a failure of the network as one, through hops and attempts", async () => {
  let sent = 0;
  const { client, clock } = fakeClient(
    () => ++sent === 1 ? { error: new TypeError("refused") } : { json: 1 },
    { use: [pass, onHops(pass)] },
  );
  const value = client.json(URL);
  await clock.advance(10_000);
  assertEquals(await value, 1);
});

test("passThrough() tells middleware which requests can be sent again", async () => {
  const form = new FormData();
  form.set("a", "b");
  const bodies: [RequestBody | undefined, boolean][] = [
    [undefined, true],
    ["text", true],
    [new Uint8Array([65]), true],
    [form, true],
    [new URLSearchParams({ a: "b" }), true],
    [new Blob(["x"]).stream(), false],
  ];
  for (const [body, expected] of bodies) {
    const said: boolean[] = [];
    const { client } = fakeClient(() => ({ json: 1 }), {
      use: [async (request, next, { canResend }) => {
        const response = await next(request);
        said.push(canResend(request));
        return canResend(request) ? await next(request) : response;
      }],
      fetch: async (url, init) => {
        await new Request(url, init).text();
        return Response.json(1);
      },
    });
    await client.json({ url: URL, method: body === undefined ? "GET" : "POST", body });
    assertEquals(said, [expected]);
  }
});

test("passThrough() also tells so for requests that another middleware has made or used", async () => {
  const copies: Middleware = (request, next) => next(new Request(request, { headers: { "x-copy": "1" } }));
  const said: boolean[] = [];
  const asks: Middleware = async (request, next, { canResend }) => {
    const response = await next(request);
    said.push(canResend(request));
    return canResend(request) ? await next(request) : response;
  };
  for (const use of [[copies, asks], [asks, copies]]) {
    const received: string[] = [];
    const { client } = fakeClient(() => ({ json: 1 }), {
      use,
      fetch: async (url, init) => {
        received.push(await new Request(url, init).text());
        return Response.json(1);
      },
    });
    assertEquals(await client.json({ url: URL, method: "POST", body: "text" }), 1);
    assertEquals(new Set(received), new Set(["text"]));
  }
  // Bun copies the body when it makes a Request of it, and does not use it up.
  assertEquals(said, [true, runtime === "bun"]);
});

test("passThrough() lets a middleware send requests of its own, past limits and other middleware", async () => {
  const { client, network } = fakeClient(({ url }) => ({ json: url }), {
    concurrency: 1,
    use: [async (request, next, { fetch }) => {
      const own = await fetch(new globalThis.URL("https://own.test/"), { method: "POST" });
      request.headers.set("x-own", await own.json());
      return await next(request);
    }],
  });
  assertEquals(await client.json(URL), URL);
  assertEquals(network.sent.map(({ method, url }) => `${method} ${url}`), [
    "POST https://own.test/",
    `GET ${URL}`,
  ]);
  assertEquals(network.sent[1]!.headers.get("x-own"), "https://own.test/");
});

test("passThrough() refuses a response whose body a middleware has read, once and not as the origin's failure", async () => {
  const readings: ((response: Response) => unknown)[] = [
    (response) => response.text(),
    (response) => response.json(),
    (response) => response.body!.cancel(),
    (response) => response.body!.tee(),
    (response) => response.body!.getReader(),
    (response) => void response.body!.pipeThrough(new TransformStream()),
  ];
  for (const read of readings) {
    const { client, network } = fakeClient(() => ({ json: 1 }), {
      use: [pass, async (request, next) => {
        const response = await next(request);
        await read(response);
        return response;
      }],
    });
    await assertRejects(() => client.json(URL), TypeError, "whose body is not read");
    assertEquals([network.sent.length, client.stats().inFlight], [1, 0]);
  }
  const { client } = fakeClient(() => ({ json: 1 }), {
    use: [async (request, next) => {
      const response = await next(request);
      await response.clone().text();
      return response;
    }],
  });
  assertEquals(await client.json(URL), 1);
});

test("passThrough() treats Response.error() as a network failure, which may pass", async () => {
  let left = 1;
  const { client, clock, network } = fakeClient(() => ({ json: 1 }), {
    use: [(request, next) => left-- > 0 ? Response.error() : next(request)],
  });
  const value = client.json(URL);
  await clock.advance(10_000);
  assertEquals([await value, network.sent.length], [1, 1]);
});

test("passThrough() keeps the response that a middleware received for as long as the middleware passes its body on", async () => {
  // Node.js cancels the body of a response that was collected.
  const given: WeakRef<Response>[] = [];
  const { client } = fakeClient(() => ({ body: "12345" }), {
    use: [async (request, next) => {
      const response = await next(request);
      given.push(new WeakRef(response));
      return new Response(response.body, response);
    }],
  });
  const response = await client.fetch(URL);
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage();
    await eventLoopTurn();
  }
  assertEquals(given.map((each) => each.deref() === undefined), [false]);
  assertEquals(await response.text(), "12345");
});
