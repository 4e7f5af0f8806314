import { assertEquals, assertRejects } from "@std/assert";
import {
  followRedirects,
  type RedirectedRequest,
  RedirectError,
  type RedirectListener,
  type RedirectOptions,
} from "../../src/http/redirect.ts";
import { sensitiveNames } from "../../src/http/headers.ts";
import { test } from "../support/test.ts";

const SENSITIVE = new Set(["authorization", "x-api-key"]);

function request(rest: Partial<RedirectedRequest> = {}): RedirectedRequest {
  return { url: "https://a.test/start", method: "GET", headers: {}, body: null, ...rest };
}

/** Follows redirects, and returns the requests that were sent. */
async function follow(
  first: RedirectedRequest,
  steps: readonly (readonly [number, string])[],
  options: Partial<RedirectOptions> = {},
) {
  const sent: RedirectedRequest[] = [];
  const send = (current: RedirectedRequest): Promise<Response> => {
    const step = steps[sent.push(current) - 1];
    return Promise.resolve(
      new Response(null, step === undefined ? {} : { status: step[0], headers: { location: step[1] } }),
    );
  };
  const response = await followRedirects(first, send, { sensitive: SENSITIVE, mode: "follow", ...options });
  return { sent, response };
}

/** A header value with the raw UTF-8 bytes of a server. */
function raw(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

test("followRedirects() resolves locations against the URL before, and keeps the fragment", async () => {
  const { sent, response } = await follow(request({ url: "https://a.test/b/c#top" }), [[302, "d"], [
    302,
    "/e?x=1",
  ]]);
  assertEquals(sent.map(({ url }) => url), [
    "https://a.test/b/c#top",
    "https://a.test/b/d#top",
    "https://a.test/e?x=1#top",
  ]);
  assertEquals(response.redirected, true);
});

test("S16: followRedirects() sends sensitive headers to the same origin, and never to another one", async () => {
  const headers = { authorization: "a", "x-api-key": "b", accept: "c" };
  const { sent } = await follow(request({ headers }), [[302, "/same"], [302, "http://a.test/plain"], [
    302,
    "https://a.test/back",
  ]]);
  assertEquals(sent.map(({ headers }) => Object.keys(headers).length), [3, 3, 1, 1]);
});

test("S16: followRedirects() does not send a `host` header of the first origin to another one", async () => {
  const headers = { host: "virtual.test", accept: "c" };
  const { sent } = await follow(
    request({ headers }),
    [[302, "/same"], [302, "https://b.test/"], [302, "https://a.test/back"]],
    { sensitive: sensitiveNames([]) },
  );
  const named = sent.map(({ headers }) => headers.host);
  assertEquals(named, ["virtual.test", "virtual.test", undefined, undefined]);
});

test("followRedirects() turns a POST into a GET for 301, 302 and 303, without its body and the body's headers", async () => {
  const about = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-type",
  ];
  const headers = Object.fromEntries([...about, "accept"].map((name) => [name, "x"]));
  const post = request({ method: "POST", body: "x", headers });
  for (
    const [status, method] of [[301, "GET"], [302, "GET"], [303, "GET"], [307, "POST"], [
      308,
      "POST",
    ]] as const
  ) {
    const { sent } = await follow(post, [[status, "/x"]]);
    assertEquals([sent[1]?.method, sent[1]?.body], [method, method === "GET" ? null : "x"]);
    assertEquals(sent[1]!.headers, method === "POST" ? headers : { accept: "x" });
  }
  const { sent } = await follow(request({ method: "PUT", body: "x" }), [[302, "/x"]]);
  assertEquals(sent[1]?.method, "PUT");
});

test("followRedirects() gives up after 20", async () => {
  const endless = Array.from({ length: 30 }, (_, index) => [302, `/${index}`] as const);
  await assertRejects(() => follow(request(), endless), RedirectError, "more than 20");
  assertEquals((await follow(request(), endless.slice(0, 20))).sent.length, 21);
});

test("followRedirects() refuses a location that can't be followed, without showing its secrets", async () => {
  for (const location of ["ftp://b.test/", "data:,x", "javascript:1", "mailto:a@b.test"]) {
    await assertRejects(
      () => follow(request(), [[302, location]]),
      RedirectError,
      new URL(location).protocol,
    );
  }
  const error = await assertRejects(() => follow(request(), [[302, "http://[?token=hunter2"]]), TypeError);
  assertEquals(error.message.includes("hunter2"), false);
  const body = new Blob(["x"]).stream();
  await assertRejects(() => follow(request({ method: "PUT", body }), [[307, "/x"]]), TypeError, "stream");
});

test("followRedirects() returns a redirect status without a location as the answer", async () => {
  const response = await followRedirects(
    request(),
    () => Promise.resolve(new Response(null, { status: 302 })),
    { sensitive: SENSITIVE, mode: "follow" },
  );
  assertEquals([response.status, response.redirected], [302, false]);
});

test("followRedirects() treats a Location that is sent several times alike as one", async () => {
  const to = async (...locations: string[]): Promise<string> => {
    const headers = new Headers(locations.map((location): [string, string] => ["location", location]));
    const answers = [new Response(null, { status: 302, headers })];
    const sent: string[] = [];
    await followRedirects(request(), ({ url }) => {
      sent.push(url);
      return Promise.resolve(answers.shift() ?? new Response());
    }, { sensitive: SENSITIVE, mode: "follow" });
    return sent[1]!;
  };
  assertEquals(await to("/x", "/x"), "https://a.test/x");
  assertEquals(await to("/x?a=1,2", "/x?a=1,2", "/x?a=1,2"), "https://a.test/x?a=1,2");
  assertEquals(await to(raw("/é"), raw("/é")), "https://a.test/%C3%A9");
  // A comma may be part of one.
  assertEquals(await to("/x,/x"), "https://a.test/x,/x");
  assertEquals(await to("/a, b"), "https://a.test/a,%20b");
  assertEquals(await to(""), "https://a.test/start");
});

test("followRedirects() decodes raw UTF-8 in a location, and keeps other bytes as they are", async () => {
  const cases = [
    [raw("/münchen"), "https://a.test/m%C3%BCnchen"],
    [raw("https://b.test/日本?q=ü"), "https://b.test/%E6%97%A5%E6%9C%AC?q=%C3%BC"],
    ["/caf\xe9", "https://a.test/caf%C3%A9"],
    ["/caf%C3%A9", "https://a.test/caf%C3%A9"],
  ] as const;
  for (const [location, url] of cases) {
    assertEquals((await follow(request(), [[302, location]])).sent[1]?.url, url);
  }
});

test("followRedirects() sends the user info of a location as a header, unless the request has that header", async () => {
  const cases = [
    ["https://me:pass@b.test/x?a=@#f", "https://b.test/x?a=@#f", "me:pass"],
    ["//me@b.test/", "https://b.test/", "me:"],
    ["https://:p%40ss@b.test/", "https://b.test/", ":p@ss"],
    ["https://me:pass@a.test/x", "https://a.test/x", "me:pass"],
  ] as const;
  for (const [location, url, info] of cases) {
    const { sent } = await follow(request(), [[302, location], [302, "/y"], [302, "https://c.test/"]]);
    const authorization = `Basic ${btoa(info)}`;
    assertEquals(sent.map(({ headers }) => headers["authorization"]), [
      undefined,
      authorization,
      authorization,
      undefined,
    ]);
    assertEquals(sent[1]!.url, url);
    const own = await follow(request({ headers: { authorization: "own" } }), [[302, location]]);
    const isForeign = new URL(url).origin !== "https://a.test";
    assertEquals(own.sent[1]!.headers["authorization"], isForeign ? authorization : "own");
  }
});

test("followRedirects() sends nothing after an abort, and cancels the response", async () => {
  for (const redirects of [1, 3]) {
    const controller = new AbortController();
    let [sent, cancelled] = [0, 0];
    const send = (): Promise<Response> => {
      if (++sent === redirects) controller.abort("enough");
      const body = new ReadableStream({ cancel: () => void cancelled++ });
      return Promise.resolve(new Response(body, { status: 302, headers: { location: "/x" } }));
    };
    const reason = await followRedirects(request(), send, {
      sensitive: SENSITIVE,
      mode: "follow",
      signal: controller.signal,
    }).catch((error) => error);
    assertEquals([reason, sent, cancelled], ["enough", redirects, redirects]);
  }
});

test("followRedirects() treats any redirect as a failure where the caller wants none", async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    await assertRejects(() => follow(request(), [[status, "/x"]], { mode: "error" }), RedirectError);
  }
  assertEquals((await follow(request(), [], { mode: "error" })).response.status, 200);
  // A redirect as browsers show it.
  const hidden = Object.defineProperty(Response.json(1), "type", { value: "opaqueredirect" });
  const send = () => Promise.resolve(hidden);
  for (const [mode, says] of [["error", "'redirect' is 'error'"], ["follow", "sensitive headers"]] as const) {
    const options = { sensitive: new Set<string>(), mode };
    await assertRejects(() => followRedirects(request(), send, options), RedirectError, says);
  }
});

test("followRedirects() continues from a response that is already there", async () => {
  const first = new Response(null, { status: 302, headers: { location: "/there" } });
  const { sent, response } = await follow(request(), [], { first });
  assertEquals([sent.map(({ url }) => url), response.redirected], [["https://a.test/there"], true]);
});

test("followRedirects() reports each redirect that it follows, and no others", async () => {
  const told: unknown[] = [];
  const onFollow: RedirectListener = (from, { status }, to) =>
    void told.push([from.url, from.method, status, to.url, to.method]);
  const post = request({ method: "POST", body: "x" });
  await follow(post, [[307, "/one"], [303, "https://b.test/two"]], { onFollow });
  assertEquals(told, [
    ["https://a.test/start", "POST", 307, "https://a.test/one", "POST"],
    ["https://a.test/one", "POST", 303, "https://b.test/two", "GET"],
  ]);
  for (const [location, mode] of [["ftp://b.test/", "follow"], ["/x", "error"]] as const) {
    await assertRejects(() => follow(request(), [[302, location]], { onFollow, mode }), RedirectError);
  }
  assertEquals(told.length, 2);
});

test("followRedirects() returns a response of another implementation with its own clones, which say that they were redirected", async () => {
  class Foreign {
    readonly #status: number;
    readonly headers = new Headers({ location: "/end" });
    readonly body = null;
    constructor(status: number) {
      this.#status = status;
    }
    get status(): number {
      return this.#status;
    }
    clone(): Foreign {
      return new Foreign(this.#status);
    }
  }
  const responses = [new Foreign(302), new Foreign(200)] as unknown as Response[];
  const send = () => Promise.resolve(responses.shift()!);
  const response = await followRedirects(request(), send, { sensitive: SENSITIVE, mode: "follow" });
  const { status, redirected } = response.clone().clone();
  assertEquals([status, redirected], [200, true]);
});

test("followRedirects() returns a response that can be cloned, also through a proxy that wraps its functions", async () => {
  const proxied = (response: Response): Response =>
    new Proxy(response, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const moved = new Response(null, { status: 302, headers: { location: "/end" } });
  const responses = [proxied(moved), proxied(new Response("body"))];
  const send = () => Promise.resolve(responses.shift()!);
  const response = await followRedirects(request(), send, { sensitive: SENSITIVE, mode: "follow" });
  const clone = response.clone();
  assertEquals([clone.redirected, await clone.text(), await response.text()], [true, "body", "body"]);
});

test("followRedirects() gives a constructed response the URL that was requested last, and its clones as well", async () => {
  const { response } = await follow(request(), [[302, "/b/c#top"]]);
  assertEquals([response.url, response.clone().clone().url], ["https://a.test/b/c", "https://a.test/b/c"]);
  const { response: direct } = await follow(request(), []);
  assertEquals(direct.url, "");
});

test("followRedirects() returns a response that says it was redirected, as do its clones and theirs", async () => {
  const { response } = await follow(request({ method: "HEAD" }), [[302, "b"], [307, "https://b.test/c"]]);
  const clone = response.clone();
  assertEquals([response, clone, clone.clone()].map((each) => each.redirected), [true, true, true]);
  const { response: direct } = await follow(request(), []);
  assertEquals([direct, direct.clone()].map((each) => each.redirected), [false, false]);
  const bodied = await followRedirects(
    request(),
    (sent) =>
      Promise.resolve(
        sent.url.endsWith("start")
          ? new Response(null, { status: 303, headers: { location: "b" } })
          : new Response("body"),
      ),
    { sensitive: SENSITIVE, mode: "follow" },
  );
  const copy = bodied.clone();
  assertEquals([copy.redirected, await copy.text(), await bodied.text()], [true, "body", "body"]);
});

test("followRedirects() leaves a GET as it is for 303, with all its headers", async () => {
  for (const method of ["GET", "HEAD"]) {
    const headers = { accept: "text/csv", "content-language": "de", "content-type": "text/plain" };
    const { sent } = await follow(request({ method, headers }), [[303, "/next"]]);
    assertEquals([sent[1]!.method, sent[1]!.headers], [method, headers]);
  }
});
