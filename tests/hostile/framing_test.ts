// Answers with wrong framing: a false length, false chunks, a false status, or no HTTP at all.

import { assert, assertEquals } from "@std/assert";
import { runtime, test } from "../support/test.ts";
import type { RawHandler } from "./raw_server.ts";
import { answerOf, assertRefusedOrRight, besiege, endlessly, failureOf, OK, outcomeOf } from "./siege.ts";

const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n`;
const CHUNK = `10000\r\n${"a".repeat(65_536)}\r\n`;

/** Answers that are invalid or break off, by their fault. */
const BROKEN: Readonly<Record<string, RawHandler>> = {
  "a Content-Length that is too long": () => `${OK}Content-Length: 20\r\n\r\n[]`,
  "two different Content-Lengths": () => `${OK}Content-Length: 2\r\nContent-Length: 5\r\n\r\n[]xyz`,
  "two different Content-Lengths, the larger one first": () =>
    `${OK}Content-Length: 5\r\nContent-Length: 2\r\n\r\n[1,2]`,
  "a list of different Content-Lengths": () => `${OK}Content-Length: 2, 5\r\n\r\n[]xyz`,
  "a negative Content-Length": () => `${OK}Content-Length: -1\r\n\r\n[]`,
  "a Content-Length beyond all numbers": () => `${OK}Content-Length: 99999999999999999999\r\n\r\n[]`,
  "a chunk whose size is no number": () => `${CHUNKED}\r\nzz\r\n[]\r\n0\r\n\r\n`,
  "a chunk whose size is beyond all numbers": () => `${CHUNKED}\r\nfffffffffffffffffff\r\n[]\r\n0\r\n\r\n`,
  "a chunk whose size is negative": () => `${CHUNKED}\r\n-2\r\n[]\r\n0\r\n\r\n`,
  "a connection that is closed at once": ({ destroy }) => destroy(),
  "a connection that is closed within the status": () => "HTTP/1.1 20",
  "a connection that is closed within the headers": () => `${OK}X-A`,
  "a connection that is closed behind the headers": () => `${OK}Content-Length: 2\r\n\r\n`,
  "a connection that is closed within the body": () => `${OK}Content-Length: 20\r\n\r\n[1,`,
  "a connection that is closed within a chunk": () => `${CHUNKED}\r\n10\r\n[1,`,
  "a page without a head, as HTTP/0.9 had it": () => "<html>hello</html>",
  "bytes that mean nothing": () => Uint8Array.of(0, 1, 2, 255, 254, 13, 10, 13, 10),
  "the beginning of HTTP/2": () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a version of HTTP that there is not": () => `HTTP/3.0 200 OK\r\nContent-Length: 2\r\n\r\n[]`,
  "a status of four digits": () => answerOf("[]", "", "1000 Odd"),
  "a status of one digit": () => answerOf("[]", "", "0 Odd"),
};

for (const [what, handler] of Object.entries(BROKEN)) {
  test(`Client.outcome() fails with a NetworkError for ${what}`, async () => {
    assertEquals(failureOf(await outcomeOf(handler)), "NetworkError");
  });
}

/** Answers that are odd but clear, with the value that they contain; a runtime may refuse them. */
const ODD: Readonly<Record<string, readonly [handler: RawHandler, value: unknown]>> = {
  "a Content-Length that is too short": [() => `${OK}Content-Length: 2\r\n\r\n[]garbage`, []],
  "the same Content-Length twice": [() => `${OK}Content-Length: 2, 2\r\n\r\n[]`, []],
  "a flood of '100 Continue' before it": [
    async ({ write }) => {
      for (let flood = 0; flood < 100; flood++) await write("HTTP/1.1 100 Continue\r\n\r\n".repeat(100));
      return answerOf("[]");
    },
    [],
  ],
  "'103 Early Hints' before it": [
    () => `HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n${answerOf("[]")}`,
    [],
  ],
  "a body of a 204": [() => answerOf("[]", "", "204 No Content"), undefined],
  "a body of a 205": [() => answerOf("[]", "", "205 Reset Content"), undefined],
  "a body of a 304": [() => answerOf("[]", "", "304 Not Modified"), undefined],
  "bare line feeds": [() => "HTTP/1.1 200 OK\nContent-Length: 2\n\n[]", []],
};

for (const [what, [handler, value]] of Object.entries(ODD)) {
  test(`Client.outcome() is refused or right for ${what}`, async () => {
    assertRefusedOrRight(await outcomeOf(handler), value);
  });
}

test("Client.outcome() fails with an HttpError for a status that nobody has defined", async () => {
  for (const status of [600, 799, 999]) {
    const outcome = await outcomeOf(() => answerOf("[]", "", `${status} Odd`));
    assertEquals(failureOf(outcome), `HttpError ${status}`);
  }
});

test("Client.fetch() gives a status that nobody has defined, as fetch does", async () => {
  await besiege(() => answerOf("odd", "", "999 Odd"), {}, async ({ client, url }) => {
    const response = await client.fetch(url);
    assertEquals([response.status, await response.text()], [999, "odd"]);
  });
});

test("Client.outcome() fails for a protocol that nobody has asked for", async () => {
  const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: upgrade\r\n\r\n";
  const failure = failureOf(await outcomeOf(() => `${head}[]`));
  assert(failure === "HttpError 101" || failure === "NetworkError", failure);
});

test("Client.outcome() takes a HEAD for one without a body, whatever follows", async () => {
  await besiege(() => answerOf("[1, 2, 3]"), {}, async ({ client, url }) => {
    const outcome = await client.outcome({ url, method: "HEAD" });
    assertRefusedOrRight(outcome, undefined);
  });
});

test("Client.json() is given no answer that came before its request", async () => {
  const evil = answerOf('{"well":"evil"}');
  // The second answer comes without a request, on a connection that the next request may use.
  await besiege(async ({ write }) => void await write(answerOf("[]") + evil), {}, async ({ client, url }) => {
    assertEquals(await client.json(url), []);
  });
});

/** Answers with an endless part outside the body. */
const ENDLESS: Readonly<Record<string, RawHandler>> = {
  "'100 Continue'": endlessly("", "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000)),
  "the extension of a chunk": endlessly(`${CHUNKED}\r\n2;`, "x".repeat(65_536)),
  "trailers": endlessly(`${CHUNKED}\r\n2\r\n[]\r\n0\r\n`, "X-T: a\r\n".repeat(1_000)),
};

for (const [what, handler] of Object.entries(ENDLESS)) {
  test(`Client.outcome() ends within 'timeoutMs' for ${what} without end`, async () => {
    const failure = failureOf(await outcomeOf(handler, { timeoutMs: 300 }));
    assert(failure === "TimeoutError attempt" || failure === "NetworkError", failure);
  });
}

test("Client.outcome() keeps to 'maxBodyBytes' where chunks go on behind a small Content-Length", async () => {
  for (const length of [0, 10]) {
    const handler = endlessly(`${CHUNKED}Content-Length: ${length}\r\n\r\n`, CHUNK);
    const outcome = await outcomeOf(handler, { maxBodyBytes: 100_000 });
    assertEquals(failureOf(outcome), "InvalidDataError too-large");
  }
});

test("Client.fetch() keeps to 'maxBodyBytes' where chunks go on behind a small Content-Length", async () => {
  for (const length of [0, 10]) {
    const handler = endlessly(`${CHUNKED}Content-Length: ${length}\r\n\r\n`, CHUNK);
    await besiege(handler, { maxBodyBytes: 100_000 }, async ({ client, url }) => {
      const response = await client.fetch(url);
      const error = await response.text().then(() => undefined, (reason) => reason);
      assertEquals([error?.name, error?.reason], ["InvalidDataError", "too-large"], runtime);
    });
  }
});
