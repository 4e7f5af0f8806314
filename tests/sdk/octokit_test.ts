import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Octokit } from "@octokit/rest";
import { RequestError } from "@octokit/request-error";
import type { Client, ClientOptions } from "../../mod.ts";
import { test } from "../support/test.ts";
import { again, empty, json, jsonOf, type Routes, serveApi, silence } from "./api_server.ts";
import { PacedStream } from "./paced_stream.ts";
import { assertIdle, breakerOf, SdkRig, soon } from "./sdk_rig.ts";

const REPO = { owner: "o", repo: "r" };
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

function setUp(routes: Routes, options: ClientOptions = {}): SdkRig<Octokit> {
  const create = (baseUrl: string, { fetch }: Client): Octokit =>
    new Octokit({ auth: "token-1", baseUrl, request: { fetch }, log: SILENT });
  return new SdkRig(routes, create, options);
}

test("octokit: a call brings data, headers and URL", async () => {
  await using rig = setUp({ "GET /repos/o/r": json({ id: 1, name: "r" }, 200, { etag: '"1"' }) });
  const { data, headers, url, status } = await soon(rig.sdk.rest.repos.get(REPO));

  assertEquals([data.name, headers.etag, url, status], ["r", '"1"', `${rig.url}/repos/o/r`, 200]);
  assertEquals(rig.received[0]?.headers.get("authorization"), "token token-1");
  await assertIdle(rig.client);
});

test("octokit: a POST has its body", async () => {
  await using rig = setUp({ "POST /repos/o/r/issues": json({ number: 7 }, 201) });
  const { data } = await soon(rig.sdk.rest.issues.create({ ...REPO, title: "Slow pit stop" }));

  assertEquals([data.number, jsonOf(rig.received[0]!)], [7, { title: "Slow pit stop" }]);
  await assertIdle(rig.client);
});

test("octokit: pages follow one another by their links, at a concurrency of one", async () => {
  const urls = { base: "" };
  const first = (): Response =>
    Response.json([{ number: 1 }, { number: 2 }], {
      headers: { link: `<${urls.base}/repos/o/r/issues?page=2>; rel="next"` },
    });
  await using rig = setUp({ "GET /repos/o/r/issues": [first, json([{ number: 3 }])] }, { concurrency: 1 });
  urls.base = rig.url;
  const issues = await soon(rig.sdk.paginate(rig.sdk.rest.issues.listForRepo, REPO));

  assertEquals(issues.map(({ number }) => number), [1, 2, 3]);
  assertEquals(rig.calls, ["GET /repos/o/r/issues", "GET /repos/o/r/issues?page=2"]);
  await assertIdle(rig.client);
});

test("octokit: answers without a body, which it does not read, do not hold up the next call", async () => {
  await using rig = setUp({
    "DELETE /repos/o/r": empty(204),
    "PUT /user/starred/o/r": empty(204),
    "HEAD /repos/o/r": empty(200, { "content-length": "400" }),
    "GET /repos/o/r": json({ name: "r" }),
  }, { concurrency: 1 });
  assertEquals((await soon(rig.sdk.rest.repos.delete(REPO))).status, 204);
  assertEquals((await soon(rig.sdk.rest.activity.starRepoForAuthenticatedUser(REPO))).status, 204);
  assertEquals((await soon(rig.sdk.request("HEAD /repos/{owner}/{repo}", REPO))).status, 200);

  assertEquals((await soon(rig.sdk.rest.repos.get(REPO))).data.name, "r");
  await assertIdle(rig.client);
});

test("octokit: a body that it hands out as a stream, and nobody reads, does not hold up the next call", async () => {
  await using rig = setUp({ "GET /repos/o/r": json({ name: "r", text: "x".repeat(10_000) }) }, {
    concurrency: 1,
  });
  const request = { parseSuccessResponseBody: false };
  const { data } = await soon(rig.sdk.request("GET /repos/{owner}/{repo}", { ...REPO, request }));
  assertInstanceOf(data, ReadableStream);

  assertEquals((await soon(rig.sdk.rest.repos.get(REPO))).data.name, "r");
  await data.cancel();
});

test("octokit: a body that it hands out as a stream comes piece by piece, and can be left", async () => {
  for (const leave of [false, true]) {
    const source = new PacedStream(["one", "two"]);
    await using rig = setUp({ "GET /repos/o/r": source.reply }, { concurrency: 1 });
    const request = { parseSuccessResponseBody: false };
    const { data } = await soon(rig.sdk.request("GET /repos/{owner}/{repo}", { ...REPO, request }));
    const reader = (data as unknown as ReadableStream<Uint8Array>).getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await soon(reader.read())).value);
    assertEquals(await read(), "one");
    if (leave) {
      await reader.cancel();
      await soon(source.abandoned, "the server to hear of it");
    } else {
      source.goOn();
      assertEquals([await read(), await read()], ["two", ""]);
    }

    await assertIdle(rig.client);
  }
});

test("octokit: a redirect is followed, and seen where it is asked for", async () => {
  const archive = new Uint8Array([1, 2, 3]);
  await using rig = setUp({
    "GET /repos/o/r/tarball/main": empty(302, { location: "/archive?token=1" }),
    "GET /archive": () => new Response(archive, { headers: { "content-type": "application/gzip" } }),
  });
  const followed = await soon(rig.sdk.rest.repos.downloadTarballArchive({ ...REPO, ref: "main" }));
  assertEquals([followed.url, followed.status], [`${rig.url}/archive?token=1`, 200]);
  assertEquals(new Uint8Array(followed.data as ArrayBuffer), archive);

  const request = { redirect: "manual" } as const;
  const seen = await soon(rig.sdk.rest.repos.downloadTarballArchive({ ...REPO, ref: "main", request }));
  assertEquals([seen.headers.location, seen.status as number], ["/archive?token=1", 302]);
  await assertIdle(rig.client);
});

test("octokit: a redirect to another origin does not take the token along", async () => {
  await using storage = serveApi({ "GET /archive": () => new Response("laps") });
  await using rig = setUp({
    "GET /repos/o/r/tarball/main": empty(302, { location: `${storage.url}/archive` }),
  });
  const { url, data } = await soon(rig.sdk.rest.repos.downloadTarballArchive({ ...REPO, ref: "main" }));

  assertEquals([url, data], [`${storage.url}/archive`, "laps"]);
  assertEquals(rig.received[0]?.headers.get("authorization"), "token token-1");
  assertEquals(storage.received.map(({ headers }) => headers.get("authorization")), [null]);
  await assertIdle(rig.client);
});

test("octokit: a GET is retried below it", async () => {
  for (const status of [429, 503]) {
    await using rig = setUp({ "GET /repos/o/r": [again(status), json({ name: "r" })] });

    assertEquals((await soon(rig.sdk.rest.repos.get(REPO))).data.name, "r");
    assertEquals(rig.calls.length, 2);
    await assertIdle(rig.client);
  }
});

test("octokit: a DELETE and a PUT are retried below it, with their bodies", async () => {
  await using rig = setUp({
    "PUT /repos/o/r/topics": [again(503), json({ names: ["f1"] })],
    "DELETE /repos/o/r": [again(503), empty(204)],
  });
  await soon(rig.sdk.rest.repos.replaceAllTopics({ ...REPO, names: ["f1"] }));
  assertEquals((await soon(rig.sdk.rest.repos.delete(REPO))).status, 204);

  assertEquals(rig.received.slice(0, 2).map(jsonOf), [{ names: ["f1"] }, { names: ["f1"] }]);
  assertEquals(rig.calls.length, 4);
});

test("octokit: a POST is not", async () => {
  await using rig = setUp({ "POST /repos/o/r/issues": again(503) });
  const error = await assertRejects(
    () => soon(rig.sdk.rest.issues.create({ ...REPO, title: "Slow" })),
    RequestError,
  );

  assertEquals([error.status, rig.calls.length], [503, 1]);
});

test("octokit: three calls to what always answers 500 see 500s, and no open breaker", async () => {
  await using rig = setUp({ "GET /repos/o/r": json({ message: "broken" }, 500) });
  for (let call = 0; call < 3; call++) {
    const error = await assertRejects(() => soon(rig.sdk.rest.repos.get(REPO)), RequestError);
    assertEquals([error.status, error.message.startsWith("broken")], [500, true]);
  }

  assertEquals([rig.calls.length, breakerOf(rig)], [3 * 4, "closed"]);
  await assertIdle(rig.client);
});

test("octokit: 304, 404 and 403 are its own errors", async () => {
  await using rig = setUp({
    "GET /repos/o/a": empty(304, { etag: '"1"' }),
    "GET /repos/o/b": json({ message: "Not Found" }, 404),
    "GET /repos/o/c": json({ message: "Forbidden" }, 403, { "x-ratelimit-remaining": "10" }),
  }, { concurrency: 1 });
  for (const [repo, status] of [["a", 304], ["b", 404], ["c", 403]] as const) {
    const headers = { "if-none-match": '"1"' };
    const error = await assertRejects(
      () => soon(rig.sdk.rest.repos.get({ owner: "o", repo, headers })),
      RequestError,
    );
    assertEquals(error.status, status);
  }

  assertEquals(rig.calls.length, 3);
  await assertIdle(rig.client);
});

test("octokit: the caller's signal aborts, with its own error", async () => {
  const controller = new AbortController();
  await using rig = setUp({
    "GET /repos/o/r": () => {
      controller.abort();
      return silence();
    },
  });
  const error = await assertRejects(() =>
    soon(rig.sdk.rest.repos.get({ ...REPO, request: { signal: controller.signal } }))
  );

  assert(error instanceof DOMException && error.name === "AbortError", String(error));
  await assertIdle(rig.client);
});

test("octokit: an asset is uploaded byte by byte", async () => {
  await using rig = setUp({ "POST /repos/o/r/releases/1/assets": json({ id: 1, name: "a.bin" }, 201) });
  const bytes = new Uint8Array(2_000_000).map((_, index) => index % 251);
  const { data } = await soon(rig.sdk.rest.repos.uploadReleaseAsset({
    ...REPO,
    release_id: 1,
    name: "a.bin",
    // The SDK's documentation says to pass bytes, although the type is `string`.
    data: bytes as unknown as string,
    headers: { "content-type": "application/octet-stream" },
    baseUrl: rig.url,
  }));

  assertEquals([data.name, rig.calls], ["a.bin", ["POST /repos/o/r/releases/1/assets?name=a.bin&"]]);
  assertEquals(rig.received[0]?.headers.get("content-type"), "application/octet-stream");
  assertEquals(rig.received[0]?.body, bytes);
  await assertIdle(rig.client);
});
