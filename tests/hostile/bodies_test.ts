// Bodies that never end, that are larger than they look, or that are not what their headers say.

import { assert, assertEquals } from "@std/assert";
import type { RequestOptions } from "../../mod.ts";
import { httpCache, memoryCache } from "../../src/http_cache/mod.ts";
import { test } from "../support/test.ts";
import { codedAnswer, type Coding, encode, gzipBomb } from "./bombs.ts";
import type { RawHandler } from "./raw_server.ts";
import {
  answerOf,
  besiege,
  endlessly,
  failureOf,
  nameOf,
  OK,
  outcomeOf,
  rejectionOf,
  type Siege,
  withBytes,
} from "./siege.ts";

const LIMIT = { maxBodyBytes: 1_000_000 };
const TOO_LARGE = "InvalidDataError too-large";
const SCHEMA: RequestOptions["schema"] = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

/** The ways to read a body; each returns the name of the error with which it fails. */
const READERS: Readonly<Record<string, (siege: Siege) => Promise<string | undefined>>> = {
  "Client.json()": ({ client, url, signal }) => rejectionOf(client.json(url, { signal })),
  "Client.text()": ({ client, url, signal }) => rejectionOf(client.text(url, { signal })),
  "Client.bytes()": ({ client, url, signal }) => rejectionOf(client.bytes(url, { signal })),
  "Client.json() with a schema": ({ client, url, signal }) =>
    rejectionOf(client.json(url, { signal, schema: SCHEMA })),
  "Client.json() with 'onProgress'": ({ client, url, signal }) =>
    rejectionOf(client.json(url, { signal, onProgress: () => {} })),
  "Client.json() of a client with 'use'": async ({ client, url, signal }) => {
    const extension = client.extend({ use: [(request, next) => next(request)] });
    return await rejectionOf(extension.json(url, { signal }));
  },
  "Client.fetch()": async ({ client, url, signal }) => {
    const response = await client.fetch(url, { signal });
    return await rejectionOf(response.arrayBuffer());
  },
  "Client.fetch() whose clone is read as well": async ({ client, url, signal }) => {
    const response = await client.fetch(url, { signal });
    const rejections = [response.clone(), response].map((each) => rejectionOf(each.arrayBuffer()));
    const [first, second] = await Promise.all(rejections);
    assertEquals(first, second);
    return first;
  },
  "Client.lines()": ({ client, url, signal }) =>
    rejectionOf(Array.fromAsync(client.lines(url, { signal, maxLineBytes: 10_000_000 }))),
  "Client.events()": ({ client, url, signal }) =>
    rejectionOf(Array.fromAsync(client.events(url, { signal, reconnect: false }))),
  "Client.pages()": ({ client, url, signal }) => rejectionOf(Array.fromAsync(client.pages(url, { signal }))),
  "Client.all()": ({ client, url, signal }) => rejectionOf(client.all([url], { signal })),
  "Client.settle()": async ({ client, url, signal }) => {
    const [outcome] = await client.settle([{ url, key: "a" }], { signal });
    return failureOf(outcome!);
  },
};

/** Bodies that are too large to hold in memory. */
const HUGE: Readonly<Record<string, RawHandler>> = {
  "a gzip bomb": () => gzipBomb("1", "text/event-stream"),
  "a body without end": endlessly(`${OK}Content-Type: text/event-stream\r\n\r\n`, "1".repeat(65_536)),
  "chunks without end": endlessly(
    `${OK}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `10000\r\n${"1".repeat(65_536)}\r\n`,
  ),
  "a body of a terabyte": endlessly(
    `${OK}Content-Type: text/event-stream\r\nContent-Length: 1000000000000\r\n\r\n`,
    "1".repeat(65_536),
  ),
};

for (const [reader, read] of Object.entries(READERS)) {
  for (const [what, handler] of Object.entries(HUGE)) {
    test(`${reader} keeps to 'maxBodyBytes' with ${what}`, async () => {
      await besiege(handler, LIMIT, async (siege) => {
        assertEquals(await read(siege), TOO_LARGE);
      });
    });
  }
}

test("Client.json() with a cache keeps to 'maxBodyBytes' with a gzip bomb, and stores none of it", async () => {
  const cache = httpCache(memoryCache());
  await besiege(() => gzipBomb("1"), { ...LIMIT, cache }, async ({ client, url, signal }) => {
    for (let time = 0; time < 2; time++) {
      assertEquals(await rejectionOf(client.json(url, { signal })), TOO_LARGE);
    }
  });
});

test("Client.json() tells 'onProgress' of no more of a gzip bomb than 'maxBodyBytes'", async () => {
  await besiege(() => gzipBomb("1"), LIMIT, async ({ client, url }) => {
    let told = 0;
    const onProgress = ({ bytes }: { readonly bytes: number }): void => void (told = bytes);
    assertEquals(await rejectionOf(client.json(url, { onProgress })), TOO_LARGE);
    assert(told <= LIMIT.maxBodyBytes, `${told} bytes`);
  });
});

test("Client.outcome() shows the beginning of an error's body that is a gzip bomb or has no end", async () => {
  const [, ...lines] = new TextDecoder("latin1").decode(gzipBomb("1")).split("\r\n");
  const bomb = Uint8Array.from(
    ["HTTP/1.1 500 Oops", ...lines].join("\r\n"),
    (letter) => letter.charCodeAt(0),
  );
  const endless = endlessly("HTTP/1.1 500 Oops\r\n\r\n", "1".repeat(65_536));
  for (const handler of [() => bomb, endless]) {
    const outcome = await outcomeOf(handler);
    assertEquals(failureOf(outcome), "HttpError 500");
    assert(!outcome.ok && (outcome.error as { body?: string }).body!.length <= 2_048);
  }
});

test("Client.outcome() ends within 'timeoutMs' for a body that comes byte by byte", async () => {
  const drips: RawHandler[] = [
    endlessly(`${OK}\r\n`, " "),
    endlessly(`${OK}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n \r\n"),
    endlessly(`${OK}Content-Length: 1000000000\r\n\r\n`, " "),
  ];
  for (const handler of drips) {
    assertEquals(failureOf(await outcomeOf(handler, { timeoutMs: 300 })), "TimeoutError attempt");
  }
});

test("Client.outcome() ends within 'totalTimeoutMs' for retries of bodies that come byte by byte", async () => {
  const options = {
    timeoutMs: 50,
    totalTimeoutMs: 400,
    maxRetries: 100,
    backoff: { baseMs: 0, jitter: "none" },
  } as const;
  const failure = failureOf(await outcomeOf(endlessly(`${OK}\r\n`, " "), options));
  // The last attempt may time out when too little time is left for another one.
  assert(["TimeoutError total", "TimeoutError attempt"].includes(failure), failure);
});

test("Client.settle() ends within 'batchTimeoutMs' for bodies that come byte by byte", async () => {
  await besiege(endlessly(`${OK}\r\n`, " "), {}, async ({ client, url, signal }) => {
    const outcomes = await client.settle([url, `${url}2`, `${url}3`], { batchTimeoutMs: 300, signal });
    assertEquals(outcomes.map(failureOf), Array.from({ length: 3 }, () => "TimeoutError batch"));
  });
});

test("Client.fetch() ends within 'idleTimeoutMs' for a body that stops, and not for one that comes byte by byte", async () => {
  const stops: RawHandler = async ({ write, gone }) => {
    await write(`${OK}Content-Length: 100\r\n\r\n1`);
    await gone;
  };
  await besiege(stops, { idleTimeoutMs: 200 }, async ({ client, url }) => {
    const response = await client.fetch(url);
    assertEquals(await rejectionOf(response.text()), "TimeoutError idle");
  });
  const drips: RawHandler = async ({ write }) => {
    await write(`${OK}Content-Length: 200\r\n\r\n`);
    for (let byte = 0; byte < 200; byte++) await write("1");
  };
  await besiege(drips, { idleTimeoutMs: 30_000 }, async ({ client, url }) => {
    assertEquals((await (await client.fetch(url)).text()).length, 200);
  });
});

for (const coding of ["gzip", "br", "deflate", "gzip, br", "lies"]) {
  test(`Client.outcome() fails, or gives what came, for what only says that it is ${coding}`, async () => {
    const outcome = await outcomeOf(() => codedAnswer(coding, new TextEncoder().encode("[1]")));
    // If the runtime does not decode the coding, the client gets the body unchanged.
    if (outcome.ok) assertEquals(outcome.value, [1]);
    else assertEquals(nameOf(outcome.error), "NetworkError");
  });
}

for (const coding of ["gzip", "br"] as const satisfies Coding[]) {
  test(`Client.outcome() fails with a NetworkError for ${coding} that ends early`, async () => {
    const whole = encode(coding, JSON.stringify(Array.from({ length: 10_000 }, (_, index) => index * index)));
    for (const length of [whole.length - 1, whole.length >> 1, 1]) {
      const outcome = await outcomeOf(() => codedAnswer(coding, whole.subarray(0, length)));
      assertEquals(failureOf(outcome), "NetworkError", `${length} bytes`);
    }
  });

  test(`Client.outcome() decodes ${coding} once, whatever the header says twice`, async () => {
    const twice = `${coding}, ${coding}`;
    const outcome = await outcomeOf(() => codedAnswer(twice, encode(coding, "[1]")));
    assert(outcome.ok || /^(NetworkError|InvalidDataError not-json)$/.test(nameOf(outcome.error)));
  });
}

test("Client.outcome() asks again for a body that can't be decoded, as for one that breaks off", async () => {
  let nth = 0;
  const handler: RawHandler = () =>
    ++nth === 1 ? codedAnswer("gzip", new TextEncoder().encode("[1]")) : answerOf("[2]");
  const outcome = await outcomeOf(handler, { maxRetries: 1, backoff: { baseMs: 0, jitter: "none" } });
  assertEquals([outcome.ok && outcome.value, outcome.attempts], [[2], 2]);
});

/** A JSON string that is no valid UTF-8: a single byte, an overlong NUL, half a surrogate pair, and a cut character. */
const NO_UTF8 = Uint8Array.of(0x22, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xe2, 0x82, 0x22);

test("Client.json(), text() and bytes() read what is no UTF-8 as fetch does", async () => {
  const handler = () => withBytes(`${OK}Content-Length: ${NO_UTF8.length}\r\n`, NO_UTF8);
  const shown = new TextDecoder().decode(NO_UTF8);
  for (const options of [{}, { cache: httpCache(memoryCache()) }, LIMIT]) {
    await besiege(handler, options, async ({ client, url }) => {
      assertEquals(await client.text(url), shown);
      assertEquals(await client.json(url), shown.slice(1, -1));
      assertEquals(await client.bytes(url), NO_UTF8);
    });
  }
});

test("Client.json() takes one byte order mark, and no second one", async () => {
  for (const options of [{}, { cache: httpCache(memoryCache()) }, LIMIT]) {
    const one = await outcomeOf(() => answerOf("\uFEFF[1]"), options);
    assertEquals(one.ok && one.value, [1]);
    const two = await outcomeOf(() => answerOf("\uFEFF\uFEFF[1]"), options);
    assertEquals(failureOf(two), "InvalidDataError not-json");
    assertEquals(
      failureOf(await outcomeOf(() => answerOf("\uFEFF["), options)),
      "InvalidDataError truncated",
    );
    const none = await outcomeOf(() => answerOf("\uFEFF"), options);
    assertEquals(none.ok && none.value, undefined);
  }
});

test("Client.json() gives a text of ten million letters", async () => {
  const outcome = await outcomeOf(() => answerOf(`"${"x".repeat(10_000_000)}"`));
  assertEquals(outcome.ok && (outcome.value as string).length, 10_000_000);
});

test("Client.json() fails with an error of ours for a million brackets without an end", async () => {
  for (const opening of ["[", '{"a":', '[{"a":']) {
    const outcome = await outcomeOf(() => answerOf(opening.repeat(1_000_000)));
    assertEquals(failureOf(outcome), "InvalidDataError truncated");
  }
});

test("Client.json() gives a value of any depth, or fails with an error of ours, with and without a cache", async () => {
  const body = "[".repeat(500_000) + "]".repeat(500_000);
  for (const options of [{}, { cache: httpCache(memoryCache()) }]) {
    await besiege(() => answerOf(body, "Cache-Control: max-age=60\r\n"), options, async ({ client, url }) => {
      for (let time = 0; time < 2; time++) {
        const outcome = await client.outcome(url);
        if (outcome.ok) assert(Array.isArray(outcome.value));
        else assertEquals(failureOf(outcome), "InvalidDataError not-json");
      }
    });
  }
});

test("Client.json() gives keys of JSON as they are, and changes no prototype", async () => {
  const body = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 2}}, "toString": 3}';
  for (const options of [{}, { cache: httpCache(memoryCache()) }]) {
    await besiege(() => answerOf(body, "Cache-Control: max-age=60\r\n"), options, async ({ client, url }) => {
      for (let time = 0; time < 2; time++) {
        const value = await client.json(url) as Record<string, unknown>;
        assertEquals(Object.keys(value), ["__proto__", "constructor", "toString"]);
        assertEquals(Object.getPrototypeOf(value), Object.prototype);
        assertEquals(({} as { polluted?: number }).polluted, undefined);
      }
    });
  }
});

test("Client.record() gives outcomes under names that objects have by themselves", async () => {
  await besiege(() => answerOf("[1]"), {}, async ({ client, url }) => {
    const requests = Object.fromEntries(["__proto__", "constructor", "then"].map((name) => [name, url]));
    const outcomes: Readonly<Record<string, { readonly ok: boolean }>> = await client.record(requests);
    assertEquals(Object.entries(outcomes).map(([name, { ok }]) => [name, ok]), [
      ["__proto__", true],
      ["constructor", true],
      ["then", true],
    ]);
  });
});
