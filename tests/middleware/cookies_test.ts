import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { ClientOptions } from "../../mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { type CookieJarLike, cookies } from "../../src/middleware/cookies.ts";
import { fakeClient } from "../client/fake_client.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

/** A jar that heeds only origins. */
class OriginJar implements CookieJarLike {
  readonly kept = new Map<string, Map<string, string>>();

  getCookieString(url: string): string {
    return [...this.kept.get(new URL(url).origin)?.entries() ?? []].map(([name, value]) => `${name}=${value}`)
      .join("; ");
  }

  setCookie(cookie: string, url: string): void {
    const { origin } = new URL(url);
    const [name, value] = cookie.split(";")[0]!.split("=") as [string, string];
    const own = this.kept.get(origin) ?? new Map<string, string>();
    this.kept.set(origin, own.set(name, value));
  }
}

/** A service whose login is a chain of redirects, each of which sets a cookie. */
function login(jar: CookieJarLike, options: ClientOptions = {}) {
  return fakeClient(({ url }) => {
    const { pathname } = new URL(url);
    if (pathname === "/login") {
      return { status: 302, headers: { location: "/step", "set-cookie": "sid=1; Path=/" } };
    }
    if (pathname === "/step") {
      return { status: 303, headers: { location: "https://b.test/home", "set-cookie": "step=2" } };
    }
    return { json: 1, headers: { "set-cookie": "b=3" } };
  }, { ...options, use: [...options.use ?? [], cookies(jar)] });
}

test("cookies() keeps the cookies of redirects, and sends each origin its own", async () => {
  const jar = new OriginJar();
  const { client, network } = login(jar);
  await client.json({ url: "https://a.test/login", method: "POST", body: "user=x" });
  await client.json("https://a.test/home");
  await client.json("https://b.test/");
  assertEquals(network.sent.map(({ method, url, headers }) => `${method} ${url} ${headers.get("cookie")}`), [
    "POST https://a.test/login null",
    "GET https://a.test/step sid=1",
    "GET https://b.test/home null",
    "GET https://a.test/home sid=1; step=2",
    "GET https://b.test/ b=3",
  ]);
});

test("cookies() keeps each of several cookies in a response", async () => {
  const seen: string[] = [];
  const { client } = fakeClient(() => ({}), {
    fetch: () => {
      const headers = new Headers({ "content-type": "application/json" });
      headers.append("set-cookie", "a=1; Expires=Wed, 21 Oct 2035 07:28:00 GMT");
      headers.append("set-cookie", "b=2");
      return Promise.resolve(new Response("1", { headers }));
    },
    use: [cookies({ getCookieString: () => "", setCookie: (cookie) => void seen.push(cookie) })],
  });
  await client.json("https://a.test/");
  assertEquals(seen, ["a=1; Expires=Wed, 21 Oct 2035 07:28:00 GMT", "b=2"]);
});

test("cookies() keeps cookies of failures too, and a retry sends them", async () => {
  let sent = 0;
  const { client, clock, network } = fakeClient(
    () => ++sent === 1 ? { status: 503, headers: { "set-cookie": "node=2" } } : { json: 1 },
    { use: [cookies(new OriginJar())] },
  );
  const value = client.json("https://a.test/");
  await clock.advance(10_000);
  await value;
  assertEquals(network.sent.map(({ headers }) => headers.get("cookie")), [null, "node=2"]);
});

test("cookies() sends one list, in whatever form the request's own cookies and the jar's are", async () => {
  const cases = [
    ["a=1;", "b=2", "a=1; b=2"],
    ["a=1; ", "b=2;", "a=1; b=2"],
    [";a=1;;c=3", "; b=2", "a=1; c=3; b=2"],
    ["a=1", "", "a=1"],
    [";", "b=2", "b=2"],
    ["a=1;", "a=2", "a=1"],
  ] as const;
  for (const [own, kept, expected] of cases) {
    const { client, network } = fakeClient(() => ({ json: 1 }), {
      use: [cookies({ getCookieString: () => kept, setCookie: () => {} })],
    });
    await client.json({ url: "https://a.test/", headers: { cookie: own } });
    assertEquals(network.sent[0]?.headers.get("cookie"), expected);
  }
});

test("cookies() also sends the request's own cookies, which take precedence, and never to another origin (S16)", async () => {
  const jar = new OriginJar();
  const { client, network } = login(jar);
  jar.setCookie("own=jar", "https://a.test/");
  jar.setCookie("other=jar", "https://a.test/");
  await client.json({ url: "https://a.test/login", headers: { cookie: "own=request; x=1" } });
  assertEquals(network.sent.map(({ headers }) => headers.get("cookie")), [
    "own=request; x=1; other=jar",
    "own=request; x=1; other=jar; sid=1",
    null,
  ]);
});

test("cookies() waits for an async jar, one cookie after the other", async () => {
  let under = 0;
  const jar = new OriginJar();
  const { client, network } = login({
    getCookieString: (url) => Promise.resolve(jar.getCookieString(url)),
    setCookie: async (cookie, url) => {
      assertEquals(++under, 1);
      await Promise.resolve();
      jar.setCookie(cookie, url);
      under--;
    },
  });
  await client.json("https://a.test/login");
  assertEquals(network.sent.map(({ headers }) => headers.get("cookie")), [null, "sid=1", null]);
});

test("cookies() tells the jar to ignore cookies that a URL may not set", async () => {
  const options: unknown[] = [];
  const { client } = login({
    getCookieString: () => "",
    setCookie: (_cookie, _url, each) => void options.push(each),
  });
  await client.json("https://b.test/");
  assertEquals(options, [{ ignoreError: true }]);
});

test("cookies() gives the caller an error of the jar, without a retry, and leaves no body open", async () => {
  const reason = new Error("the jar is full");
  const jars: CookieJarLike[] = [
    {
      getCookieString: () => Promise.reject(reason),
      setCookie: () => {},
    },
    {
      getCookieString: () => "",
      setCookie: () => {
        throw reason;
      },
    },
  ];
  const requests = [];
  for (const jar of jars) {
    const { client, network } = login(jar);
    assertStrictEquals(await client.json("https://a.test/login").catch((error: unknown) => error), reason);
    assertEquals([client.stats().inFlight, network.open], [0, 0]);
    requests.push(network.sent.length);
  }
  assertEquals(requests, [0, 1]);
});

test("cookies() runs after the cache: a hit sends and keeps nothing", async () => {
  const jar = new OriginJar();
  const { client, network } = login(jar, { cache: ttlCache(memoryCache(), { ttlMs: 60_000 }) });
  await client.json("https://b.test/");
  await client.json("https://b.test/");
  assertEquals(network.sent.length, 1);
});

test("cookies() logs in at a real server, by redirects", async () => {
  await using server = serveHandler((request) => {
    const cookie = request.headers.get("cookie");
    if (new URL(request.url).pathname !== "/login") return Response.json(cookie);
    return new Response(null, {
      status: 302,
      headers: { location: "/home", "set-cookie": "sid=1; HttpOnly" },
    });
  });
  const { client } = fakeClient(() => ({}), { fetch: globalThis.fetch, use: [cookies(new OriginJar())] });
  assertEquals(await client.json({ url: `${server.url}/login`, method: "POST", body: "x" }), "sid=1");
  assertEquals(await client.json(`${server.url}/other`), "sid=1");
});

test("cookies() refuses a value that is no jar", () => {
  for (const jar of [undefined, null, {}, { getCookieString: () => "" }, "a=secret"]) {
    const error = assertThrows(
      () => cookies(jar as unknown as CookieJarLike),
      TypeError,
      "'jar' must be a cookie jar",
    );
    assertEquals(error.message.includes("secret"), false);
  }
});

test("cookies() accepts an empty result of a jar, and refuses one that no header can hold, without showing it", async () => {
  const jarOf = (given: unknown): CookieJarLike => ({
    getCookieString: () => given as string,
    setCookie: () => {},
  });
  for (const given of [undefined, null, "", " ", Promise.resolve(undefined)]) {
    const { client, network } = fakeClient(() => ({ json: 1 }), { use: [cookies(jarOf(given))] });
    await client.json("https://a.test/");
    await client.json({ url: "https://a.test/", headers: { cookie: "own=1" } });
    assertEquals(network.sent.map(({ headers }) => headers.get("cookie")), [null, "own=1"]);
  }
  for (const given of ["sid=secret\r\nx: y", "sid=secret\0", "sid=secret\u65e5", 5, {}, ["sid=secret"]]) {
    const { client, network } = fakeClient(() => ({ json: 1 }), { use: [cookies(jarOf(given))] });
    const error = await client.json("https://a.test/").catch((error) => error as Error) as Error;
    assertEquals(
      [error.name, /'jar.getCookieString\(\)'/.test(error.message), /secret/.test(error.message)],
      [
        "TypeError",
        true,
        false,
      ],
    );
    assertEquals(network.sent.length, 0);
  }
});
