import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { DataNotFoundError, HttpError, NetworkError } from "../../src/errors.ts";
import type { Call } from "../../src/policies/call.ts";
import type { Target } from "../../src/policies/journey.ts";
import type { ValueSource } from "../../src/policies/event.ts";
import { Reply } from "../../src/policies/reply.ts";
import { describeReply, noteFailure, replyError } from "../../src/policies/reply_error.ts";
import { join } from "../../src/policies/single_flight.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget } from "./fake_call.ts";

const headers = new Headers({ "x-request-id": "7" });

function replyOf(status: number, target?: Target, from: ValueSource = "network", url = ""): Reply {
  return new Reply({ status, headers, url }, { from, target });
}

function attempted(attempts: number): Call {
  return Object.assign(fakeCall(), { attempts });
}

test("replyError() is a DataNotFoundError for 404 and 410, and an HttpError for all others, with headers and body", () => {
  for (const status of [304, 400, 401, 404, 410, 429, 500, 503]) {
    const error = replyError(attempted(1), replyOf(status), "excerpt");
    assertInstanceOf(error, status === 404 || status === 410 ? DataNotFoundError : HttpError);
    assertEquals([error.status, error.body, error.headers.get("x-request-id")], [status, "excerpt", "7"]);
    assertEquals(error.message, `GET https://a.test/x?token=*** was answered with ${status} (1 attempt)`);
  }
});

test("replyError() says where redirects have led to, and shows no secret", () => {
  const target = fakeTarget({ url: "https://user:secret@a.test/x?sig=secret#top" });
  const error = replyError(attempted(1), replyOf(404, target, "network", "https://b.test/y?sig=secret"));
  assertEquals(error.context, { redirectedTo: "https://b.test/y?sig=***" });
  const [asked, where] = ["https://***@a.test/x?sig=***", "https://b.test/y?sig=***"];
  assertEquals(error.message, `GET ${asked} was answered with 404 (1 attempt, redirected to ${where})`);
  for (const url of ["https://a.test/x?sig=secret", "HTTPS://A.test:443/x?sig=secret", "nowhere"]) {
    assertEquals(replyError(attempted(1), replyOf(404, target, "network", url)).context, {});
  }
});

test("replyError() names the URL that the reply came from, not the call's last one, and its number of attempts", () => {
  const call = attempted(3);
  call.journey.target = fakeTarget({ url: "https://last.test/x" });
  const error = replyError(
    call,
    replyOf(503, fakeTarget({ url: "https://user:secret@mirror.test/x?sig=secret" })),
  );
  assertEquals([error.url, error.attempts], ["https://***@mirror.test/x?sig=***", 3]);
  assertEquals(error.message, "GET https://***@mirror.test/x?sig=*** was answered with 503 (3 attempts)");
});

test("replyError() says so if the reply was stored", () => {
  for (const from of ["cache", "stale"] as const) {
    const { message } = replyError(attempted(0), replyOf(410, undefined, from));
    assert(message.endsWith("410 (from the cache)"), message);
  }
});

test("describeReply() names the URL that a stored reply came from, and the requested URL for one from the network", () => {
  const url = "https://user:secret@mirror.test/x?token=secret";
  const call = attempted(2);
  call.journey.target = fakeTarget({ url: "https://last.test/x" });
  for (const from of ["cache", "stale"] as const) {
    assertEquals(describeReply(call, replyOf(200, undefined, from, url)), {
      url: "https://***@mirror.test/x?token=***",
      method: "GET",
      attempts: 2,
    });
  }
  const redirected = replyOf(200, fakeTarget({ url: "https://asked.test/x" }), "network", url);
  assertEquals(describeReply(call, redirected).url, "https://asked.test/x");
  assertEquals(describeReply(call, replyOf(200, undefined, "cache")).url, "https://last.test/x");
});

test("replyError() has the wait, and the failures of the other mirrors", () => {
  const reply = replyOf(503);
  reply.retryAfterMs = 250;
  const cause = new AggregateError([new NetworkError("b failed")], "2 mirrors failed");
  reply.failures = { told: [{ url: "https://b.test/x", failure: "b failed" }], cause };
  const error = replyError(attempted(2), reply);
  assertInstanceOf(error, HttpError);
  assertEquals([error.retryAfterMs, error.cause], [250, cause]);
  assertEquals(error.context, { mirrors: [{ url: "https://b.test/x", failure: "b failed" }] });
});

test("replyError() says why a failure that may pass was not retried, in words and as data", () => {
  const call = attempted(1);
  call.journey.notRetried = "the retry budget is empty";
  const error = replyError(call, replyOf(503));
  assertEquals(error.context, { notRetried: "the retry budget is empty" });
  assert(error.message.endsWith("(1 attempt; no further one, as the retry budget is empty)"), error.message);
});

test("replyError() gives each caller that shares a reply headers of its own", () => {
  const [leader, follower] = [attempted(1), attempted(0)];
  join(follower, leader);
  const reply = replyOf(404);
  const [own, other] = [replyError(leader, reply), replyError(follower, reply)];
  own.headers.set("x-request-id", "changed");
  assertEquals([reply.headers, other.headers].map((each) => each.get("x-request-id")), ["7", "7"]);
});

test("noteFailure() records a failure only for a call with a total deadline", () => {
  const failed = new NetworkError("failed");
  const [free, bound] = [fakeCall(), fakeCall({ settings: { totalTimeoutMs: 1_000 } })];
  for (const call of [free, bound]) noteFailure(call, undefined, failed);
  assertEquals([free.journey.failure, bound.journey.failure], [undefined, failed]);
  noteFailure(bound, replyOf(503), undefined);
  const { failure } = bound.journey;
  assertInstanceOf(failure, HttpError);
  assertEquals(failure.status, 503);
});
