// Redirects that lead in circles, to no valid target, or to another origin that must not get credentials.

import { assert, assertEquals } from "@std/assert";
import { createClient } from "../../mod.ts";
import { runtime, test } from "../support/test.ts";
import { type RawHandler, serveRaw } from "./raw_server.ts";
import { answerOf, assertRefusedOrRight, besiege, endlessly, failureOf, nameOf, outcomeOf } from "./siege.ts";

const SECRET = "hunter2";

/** Returns a redirect. It has `Connection: close`, because Bun repeats a request if its connection closes without notice. */
function redirect(location: string, status = 302): string {
  return answerOf("", `Location: ${location}\r\nConnection: close\r\n`, `${status} Elsewhere`);
}

/** Creates a handler that redirects `/hostile` to a location, and answers all other paths. */
function leadingTo(location: string, status?: number): RawHandler {
  return ({ path }) => path === "/hostile" ? redirect(location, status) : answerOf("[1]");
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`Client.outcome() ends for redirects of ${status} in a circle, and does not ask again`, async () => {
    let requests = 0;
    const circle: RawHandler = ({ path }) => {
      requests++;
      return redirect(path === "/a" ? "/b" : "/a", status);
    };
    assertEquals(failureOf(await outcomeOf(circle, { maxRetries: 3 })), "NetworkError");
    assertEquals(requests, 21);
  });
}

test("Client.outcome() follows 20 redirects, and no more", async () => {
  for (const [hops, isRight] of [[20, true], [21, false], [30, false]] as const) {
    const chain: RawHandler = ({ path }) => {
      const hop = Number(path.match(/\d+$/)?.[0] ?? 0);
      return hop < hops ? redirect(`/hop/${hop + 1}`) : answerOf("[1]");
    };
    const outcome = await outcomeOf(chain);
    if (isRight) assertEquals(outcome.ok && outcome.value, [1]);
    else assertEquals(failureOf(outcome), "NetworkError");
  }
});

/** Locations that no client may follow. */
const NOWHERE = [
  "javascript:alert(1)",
  "file:///etc/passwd",
  "data:application/json,[2]",
  "blob:null/1",
  "ftp://127.0.0.1/x",
  "about:blank",
  "http://",
  "http://[",
  "http://a.test:99999/",
  "//",
  "mailto:a@b.test",
  "JaVaScRiPt:alert(1)",
  "\tjavascript:alert(1)",
];

for (const location of NOWHERE) {
  test(`Client.outcome() is not led to ${JSON.stringify(location)}`, async () => {
    const outcome = await outcomeOf(leadingTo(location), { maxRetries: 3 });
    assertEquals([failureOf(outcome), outcome.attempts], ["NetworkError", 1]);
  });
}

test("Client.outcome() takes a redirect without a place for an answer, and one to itself for a circle", async () => {
  const without = await outcomeOf(() => answerOf("[1]", "", "302 Elsewhere"));
  assertEquals(failureOf(without), "HttpError 302");
  assertEquals(failureOf(await outcomeOf(() => redirect(""))), "NetworkError");
  assertEquals(failureOf(await outcomeOf(() => redirect("#"))), "NetworkError");
});

test("Client.outcome() is refused or right for two places at once", async () => {
  const headers = "Location: /a\r\nLocation: /b\r\n";
  const handler: RawHandler = ({ path }) =>
    path === "/hostile" ? answerOf("", headers, "302 Elsewhere") : answerOf("[1]");
  assertRefusedOrRight(await outcomeOf(handler), [1]);
});

test("Client.outcome() does not wait for the body of a redirect", async () => {
  const endless = endlessly("HTTP/1.1 302 Elsewhere\r\nLocation: /there\r\n\r\n", "x".repeat(65_536));
  const handler: RawHandler = (exchange) =>
    exchange.path === "/hostile" ? endless(exchange) : answerOf("[1]");
  const outcome = await outcomeOf(handler);
  assertEquals(outcome.ok && outcome.value, [1]);
});

test("Client.outcome() is led to a URL of 60,000 letters, and shows no more of it than is of use", async () => {
  const long = `/${"x(".repeat(30_000)}?token=${SECRET}`;
  const outcome = await outcomeOf(leadingTo(long));
  assertRefusedOrRight(outcome, [1]);
  const breaking: RawHandler = ({ path, destroy }) => path === "/hostile" ? redirect(long) : destroy();
  const failed = await outcomeOf(breaking);
  assert(!failed.ok && !shownOf(failed.error).includes(SECRET));
});

/** Locations on the server `here` that contain a secret. */
const SECRET_PLACES: Readonly<Record<string, (here: string) => string>> = {
  "user info": (here) => here.replace("//", `//user:${SECRET}@`),
  "a parameter": (here) => `${here}/x?token=${SECRET}`,
  "a parameter behind a bracket": (here) => `${here}/x(1)?token=${SECRET}`,
  "a parameter behind a quote": (here) => `${here}/it's?token=${SECRET}`,
  "a parameter of the path": (here) => `${here}/x;jsessionid=${SECRET}`,
  "the fragment": (here) => `${here}/x#access_token=${SECRET}`,
};

for (const [where, placeOf] of Object.entries(SECRET_PLACES)) {
  test(`S17: Client.outcome() shows no secret of a place that it was led to, in ${where}`, async () => {
    for (const breaks of [true, false]) {
      let here = "";
      const handler: RawHandler = ({ path, destroy }) => {
        if (path === "/hostile") return redirect(placeOf(here));
        return breaks ? destroy() : answerOf("no", "", "500 Oops");
      };
      await besiege(handler, {}, async ({ client, server, url }) => {
        here = server.url;
        const told: string[] = [];
        using _listening = client.on((event) => told.push(JSON.stringify(event)));
        const outcome = await client.outcome(url);
        assert(!outcome.ok);
        nameOf(outcome.error);
        assertEquals([shownOf(outcome.error), ...told].filter((text) => text.includes(SECRET)), []);
      });
    }
  });
}

/** Returns all text that an error and its causes show. */
function shownOf(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? "";
  return `${error}${error.stack}${JSON.stringify(error)}${JSON.stringify({ ...error })}${
    shownOf(error.cause)
  }`;
}

const CREDENTIALS = {
  authorization: `Bearer ${SECRET}`,
  cookie: `a=${SECRET}`,
  "x-api-key": SECRET,
  "api-key": SECRET,
  "x-own": SECRET,
};

for (const status of [301, 302, 303, 307, 308]) {
  test(`S16: Client.outcome() takes no credential to another origin with a ${status}, nor back`, async () => {
    let home = "";
    await using other = await serveRaw(() => redirect(`${home}/back`, status));
    const handler: RawHandler = ({ path }) =>
      path === "/hostile" ? redirect(`${other.url}/there`, status) : answerOf("[1]");
    await besiege(handler, { sensitiveHeaders: ["X-Own", "x-api-key", "api-key"] }, async (siege) => {
      const { client, server, url } = siege;
      home = server.url;
      const outcome = await client.outcome(url, { headers: CREDENTIALS });
      assertEquals(outcome.ok && outcome.value, [1]);
      const [first, back] = server.heads;
      assert(first!.includes(SECRET));
      for (const head of [...other.heads, back!]) assert(!head.includes(SECRET), head);
    });
  });
}

test("S16: Client.outcome() takes the user info of its URL to no other origin", async () => {
  await using other = await serveRaw(() => answerOf("[1]"));
  await besiege(leadingTo(`${other.url}/there`), {}, async ({ client, server, url }) => {
    const outcome = await client.outcome(url.replace("//", `//user:${SECRET}@`));
    assertEquals(outcome.ok && outcome.value, [1]);
    const basic = `Basic ${btoa(`user:${SECRET}`)}`;
    assert(server.heads[0]!.includes(basic));
    assert(!other.heads[0]!.toLowerCase().includes("authorization"), other.heads[0]);
  });
});

test("S16: Client.outcome() takes no credential from https to http, nor to another port", async () => {
  for (const location of ["http://a.test/x", "https://a.test:444/x", "//A.test.:443/x"]) {
    const sent: Headers[] = [];
    const fetch = (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      sent.push(new Headers(init.headers));
      const isFirst = String(url) === "https://a.test/";
      return Promise.resolve(
        isFirst ? new Response(null, { status: 307, headers: { location } }) : Response.json([1]),
      );
    };
    await using client = createClient({ fetch });
    assertEquals(await client.json("https://a.test/", { headers: { ...CREDENTIALS, accept: "a/b" } }), [1]);
    assertEquals([...sent[1]!].filter(([, value]) => value.includes(SECRET)), [["x-own", SECRET]], location);
  }
});

test("S16: Client.outcome() takes the headers of a mirror to no other origin, also with 'extend' and 'use'", async () => {
  await using other = await serveRaw(() => answerOf("[1]"));
  await besiege(leadingTo(`${other.url}/there`), {}, async ({ client, server }) => {
    const extension = client.extend({
      baseUrls: [{ url: server.url, headers: { "x-api-key": SECRET } }],
      use: [(request, next) => {
        request.headers.set("authorization", SECRET);
        return next(request);
      }],
    });
    assertEquals(await extension.json("hostile"), [1]);
    assert(server.heads[0]!.includes(SECRET));
    assert(!other.heads[0]!.includes(SECRET), other.heads[0]);
  });
});

test("Client.outcome() sends no body on with a redirect that becomes a GET, and the same body with the others", async () => {
  for (
    const [status, method] of [[301, "GET"], [302, "GET"], [303, "GET"], [307, "POST"], [
      308,
      "POST",
    ]] as const
  ) {
    await besiege(leadingTo("/there", status), {}, async ({ client, server, url }) => {
      assertEquals(await client.json({ url, json: { secret: SECRET } }), [1]);
      const [, head] = server.heads;
      assertEquals(head!.split(" ", 1), [method], runtime);
      assertEquals(/^content-(type|length): (?!0)/im.test(head!), method === "POST", head);
    });
  }
});
