import { assertEquals } from "@std/assert";
import { createClient } from "../../mod.ts";
import { bearerAuth } from "../../src/middleware/bearer_auth.ts";
import { logger } from "../../src/middleware/logger.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

/** Serves an API whose tokens are valid for `usesPerToken` requests each, and counts the logins. */
function tokenService(usesPerToken: number) {
  const seen = { logins: 0, refused: 0, served: 0 };
  let token = "";
  let uses = 0;
  const server = serveHandler(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/token") {
      const form = new URLSearchParams(await request.text());
      if (form.get("refresh_token") !== `r${seen.logins}`) return new Response(null, { status: 400 });
      // Each refresh token is valid only once, as with rotation.
      seen.logins++;
      token = `t${seen.logins}`;
      uses = 0;
      return Response.json({ access_token: token, refresh_token: `r${seen.logins}` });
    }
    const body = await request.text();
    if (request.headers.get("authorization") !== `Bearer ${token}` || ++uses > usesPerToken) {
      seen.refused++;
      return Response.json({ error: "invalid_token" }, { status: 401 });
    }
    seen.served++;
    return Response.json({ path: pathname, body });
  });
  return { server, seen };
}

/** Creates the middleware of the README's example, which keeps the refresh token of each answer for the next refresh. */
function auth(url: string) {
  let refreshToken = "r0";
  return bearerAuth({
    token: () => undefined,
    origins: [url],
    refreshIntervalMs: 0,
    refresh: async ({ fetch, signal }) => {
      const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken });
      const response = await fetch(`${url}/token`, { method: "POST", body, signal });
      if (!response.ok) throw new Error(`no token: ${response.status}`);
      const tokens: { access_token: string; refresh_token: string } = await response.json();
      refreshToken = tokens.refresh_token;
      return tokens.access_token;
    },
  });
}

test("bearerAuth() logs in once for a batch at a real server, with refresh tokens that are good for once", async () => {
  const { server, seen } = tokenService(Infinity);
  await using _server = server;
  await using client = createClient({ concurrency: 8, use: [auth(server.url)] });
  const urls = Array.from({ length: 200 }, (_, id) => `${server.url}/${id}`);
  const values = await client.all(urls);
  assertEquals(
    values.map((value) => (value as { path: string }).path),
    urls.map((url) => new URL(url).pathname),
  );
  assertEquals([seen.logins, seen.served], [1, 200]);
});

test("bearerAuth() renews tokens that run out in the middle of a batch, one request at a time", async () => {
  const { server, seen } = tokenService(20);
  await using _server = server;
  const statuses: number[] = [];
  const use = [logger(({ status }) => statuses.push(status!)), auth(server.url)];
  await using client = createClient({ concurrency: 1, use });
  const urls = Array.from({ length: 100 }, (_, id) => `${server.url}/${id}`);
  await client.all(urls);
  // The first request has no token; of the others, every twentieth one is refused.
  assertEquals(seen, { logins: 5, refused: 5, served: 100 });
  assertEquals(statuses, urls.map(() => 200));
});

test("bearerAuth() sends what was posted again, whole, at a real server", async () => {
  const { server, seen } = tokenService(1);
  await using _server = server;
  await using client = createClient({ use: [auth(server.url)] });
  const form = new FormData();
  form.set("name", "value");
  const large = "x".repeat(300_000);
  for (const body of ["text", new Blob(["text"]), new TextEncoder().encode("text"), form, large]) {
    const { body: received } = await client.json<{ body: string }>({
      url: `${server.url}/p`,
      method: "POST",
      body,
    });
    if (body === form) assertEquals(received.includes("value"), true);
    else assertEquals(received, body === large ? large : "text");
  }
  assertEquals([seen.logins, seen.served], [5, 5]);
});

test("bearerAuth() gives a stream's own refusal to its caller, who can send another one", async () => {
  const { server, seen } = tokenService(Infinity);
  await using _server = server;
  await using client = createClient({ use: [auth(server.url)] });
  const post = async () => {
    const body = new Blob(["text"]).stream();
    const response = await client.fetch(`${server.url}/p`, { method: "POST", body });
    return [response.status, await response.text()];
  };
  assertEquals(await post(), [401, '{"error":"invalid_token"}']);
  assertEquals((await post())[0], 200);
  assertEquals(seen.logins, 1);
});
