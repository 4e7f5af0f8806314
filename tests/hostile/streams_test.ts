// Lines, events and pages from servers that never stop, or that send something else.

import { assert, assertEquals } from "@std/assert";
import type { ServerSentEvent } from "../../mod.ts";
import { test } from "../support/test.ts";
import type { RawHandler } from "./raw_server.ts";
import { answerOf, besiege, endlessly, OK, rejectionOf, type Siege, withBytes } from "./siege.ts";

const CHUNK = "x".repeat(65_536);
const TOO_LARGE = "InvalidDataError too-large";
const EVENTS = `${OK}Content-Type: text/event-stream\r\n\r\n`;

/** Returns the items of an iterator up to its error, and the name of that error. */
async function itemsOf<T>(
  iterator: AsyncIterable<T>,
): Promise<readonly [items: T[], failure: string | undefined]> {
  const items: T[] = [];
  const failure = await rejectionOf((async () => {
    for await (const item of iterator) items.push(item);
  })());
  return [items, failure];
}

/** Texts that, repeated, are a line without end, or lines without end; and the format in which the client reads them. */
const LINES: Readonly<Record<string, readonly [again: string, as: "text" | "json"]>> = {
  "a line without end": [CHUNK, "text"],
  "JSON without end on one line": [`${"[".repeat(65_536)}`, "json"],
  "carriage returns without end": ["\r".repeat(65_536), "text"],
  "NULs without end": ["\0".repeat(65_536), "text"],
};

for (const [what, [again, as]] of Object.entries(LINES)) {
  test(`Client.lines() gives the lines before ${what}, and then an error`, async () => {
    const handler = endlessly(`${OK}\r\n"first"\n"second"\n`, again);
    await besiege(handler, {}, async ({ client, url, signal }) => {
      const [lines, failure] = await itemsOf<unknown>(
        as === "json" ? client.lines(url, { as, signal }) : client.lines(url, { signal }),
      );
      assertEquals(lines, as === "json" ? ["first", "second"] : ['"first"', '"second"']);
      assertEquals(failure, TOO_LARGE);
    });
  });
}

test("Client.lines() can be left among lines without end, empty ones too", async () => {
  for (const again of ["\n".repeat(10_000), "line\n".repeat(10_000)]) {
    await besiege(endlessly(`${OK}\r\n`, again), {}, async ({ client, url, signal }) => {
      let count = 0;
      for await (const line of client.lines(url, { signal })) {
        assert(line === "" || line === "line");
        if (++count === 100_000) break;
      }
      assertEquals(count, 100_000);
    });
  }
});

test("Client.lines() as JSON ends within 'totalTimeoutMs' among blank lines without end", async () => {
  await besiege(
    endlessly(`${OK}\r\n`, " \n".repeat(100)),
    { totalTimeoutMs: 300 },
    async ({ client, url }) => {
      const [lines, failure] = await itemsOf(client.lines(url, { as: "json" }));
      assertEquals([lines, failure], [[], "TimeoutError total"]);
    },
  );
});

test("Client.lines() reads what is no UTF-8, byte order marks and NULs as text", async () => {
  const bytes = Uint8Array.of(
    0xef,
    0xbb,
    0xbf,
    0x61,
    0xff,
    0x0a,
    0x00,
    0x0a,
    0xef,
    0xbb,
    0xbf,
    0x62,
    0x0d,
    0x0a,
    0xe2,
  );
  await besiege(() => withBytes(`${OK}Content-Length: 15\r\n`, bytes), {}, async ({ client, url }) => {
    assertEquals(await Array.fromAsync(client.lines(url)), ["a\uFFFD", "\0", "\uFEFFb", "\uFFFD"]);
  });
});

test("Client.lines() gives the lines before one that is no JSON, too deep or a prototype", async () => {
  const depth = 200_000;
  for (const bad of ["{", "[1", "{'a': 1}", "NaN", "\0", `${"[".repeat(depth)}`]) {
    await besiege(() => answerOf(`{"__proto__":1}\n[1]\n${bad}\n[3]\n`), {}, async ({ client, url }) => {
      const [lines, failure] = await itemsOf(client.lines(url, { as: "json" }));
      assertEquals(lines.map((line) => JSON.stringify(line)), ['{"__proto__":1}', "[1]"]);
      assert(/^InvalidDataError (not-json|truncated)$/.test(failure!), failure);
    });
  }
});

test("Client.lines() gives whole lines only of a body that breaks off", async () => {
  const hasRead = Promise.withResolvers<void>();
  const handler: RawHandler = async ({ write, end }) => {
    await write(`${OK}Content-Length: 100\r\n\r\none\ntwo\nthr`);
    // On Bun, even a bare `fetch` may lose bytes that arrive just before the connection ends.
    await hasRead.promise;
    end();
  };
  await besiege(handler, {}, async ({ client, url }) => {
    const lines = client.lines(url);
    assertEquals([(await lines.next()).value, (await lines.next()).value], ["one", "two"]);
    hasRead.resolve();
    assertEquals(await itemsOf(lines), [[], "NetworkError"]);
  });
});

/** Texts that, repeated, are an event without end. */
const UNENDING: Readonly<Record<string, string>> = {
  "data on one line": CHUNK,
  "data on many lines": `\ndata: ${CHUNK}`,
  "data on lines of one letter": "\ndata: x".repeat(10_000),
  "lines of data without a letter": "\ndata".repeat(20_000),
};

for (const [what, again] of Object.entries(UNENDING)) {
  test(`Client.events() fails for an event without end, with ${what}`, async () => {
    await besiege(endlessly(`${EVENTS}data: first\n\ndata: `, again), {}, async ({ client, url, signal }) => {
      const options = { signal, maxEventBytes: 3_000_000 };
      const [events, failure] = await itemsOf<ServerSentEvent>(client.events(url, options));
      assertEquals([events.map(({ data }) => data), failure], [["first"], TOO_LARGE]);
    });
  });
}

test("Client.events() fails for an event of a gigabyte, by default too", async () => {
  const handler = endlessly(`${EVENTS}data: `, "x".repeat(1_048_576));
  await besiege(handler, {}, async ({ client, url, signal }) => {
    assertEquals(await itemsOf(client.events(url, { signal })), [[], TOO_LARGE]);
  });
});

test("Client.events() can be left among comments without end, and ends within 'totalTimeoutMs'", async () => {
  const handler = endlessly(EVENTS, ":\n".repeat(1_000));
  await besiege(handler, { totalTimeoutMs: 300 }, async ({ client, url, signal }) => {
    assertEquals(await itemsOf(client.events(url, { signal })), [[], "TimeoutError total"]);
  });
});

test("Client.events() holds no more for ids, names and times of a megabyte", async () => {
  const long = "9".repeat(1_000_000);
  const body = `id: ${long}\nevent: ${long}\nretry: ${long}\ndata: a\n\nid: 2\0\ndata: b\n\n`;
  await besiege(() => answerOf(body, "Content-Type: text/event-stream\r\n"), {}, async ({ client, url }) => {
    const events = await Array.fromAsync(client.events(url, { reconnect: false }));
    assertEquals(events.map(({ event, data, id }) => [event.length, data, id.length]), [
      [1_000_000, "a", 1_000_000],
      [7, "b", 1_000_000],
    ]);
  });
});

test("Client.events() sends no id with its next connection that no server takes", async () => {
  const stream = `id: ${"9".repeat(1_000_000)}\nretry: 0\ndata: a\n\n`;
  const handler: RawHandler = ({ nth }) =>
    nth === 1 ? answerOf(stream, "Content-Type: text/event-stream\r\n") : answerOf("", "", "204 No Content");
  await besiege(handler, { random: () => 0 }, async ({ client, server, url }) => {
    assertEquals((await Array.fromAsync(client.events(url))).length, 1);
    assert(server.heads[1]!.length < 10_000);
  });
});

test("Client.events() gives up a server whose connections are in vain", async () => {
  const handler: RawHandler = () => answerOf("retry: 0\n\n", "Content-Type: text/event-stream\r\n");
  await besiege(handler, {}, async ({ client, url }) => {
    const events = client.events(url, { reconnect: { maxAttempts: 2 } });
    assertEquals(await itemsOf(events), [[], undefined]);
  });
});

test("Client.events() refuses what is no stream of events", async () => {
  for (const type of ["", "Content-Type: text/html\r\n", "Content-Type: text/event-streamer\r\n"]) {
    await besiege(() => answerOf("data: a\n\n", type), {}, async ({ client, url }) => {
      assertEquals(await itemsOf(client.events(url)), [[], "InvalidDataError content-type"]);
    });
  }
});

/** Returns the pages of a list, and the name of the error if it fails. */
function pagesOf(
  { client, url, signal }: Siege,
): Promise<readonly [pages: unknown[], failure: string | undefined]> {
  return itemsOf(client.pages(url, { signal, maxPages: 50 }));
}

/** `Link` headers to an invalid next page, with the expected error. */
const NO_PAGE: Readonly<Record<string, readonly [link: string, failure: string | undefined]>> = {
  "the page itself": ["</hostile>; rel=next", "InvalidDataError link"],
  "the page itself with a fragment": ["</hostile#2>; rel=next", "InvalidDataError link"],
  "a script": ["<javascript:alert(1)>; rel=next", "InvalidDataError link"],
  "a file": ["<file:///etc/passwd>; rel=next", "InvalidDataError link"],
  "a URL that is malformed": ["<http://[>; rel=next", "InvalidDataError link"],
  "nothing": ["<>; rel=next", "InvalidDataError link"],
  "brackets without end": ["<,".repeat(30_000), undefined],
  "quotes without end": [`</2>; rel="${"next ".repeat(10_000)}`, undefined],
  "a thousand relations": [`</hostile>; rel="${"a ".repeat(1_000)}next"`, "InvalidDataError link"],
  "a page whose user info has 50,000 letters": [
    `<//${"u".repeat(50_000)}@[>; rel=next`,
    "InvalidDataError link",
  ],
};

for (const [what, [link, failure]] of Object.entries(NO_PAGE)) {
  test(`Client.pages() ends for a link to ${what}`, async () => {
    const handler: RawHandler = ({ path }) => answerOf("[1]", path === "/hostile" ? `Link: ${link}\r\n` : "");
    await besiege(handler, {}, async (siege) => {
      const [pages, found] = await pagesOf(siege);
      assertEquals([pages.length >= 1, found], [true, failure]);
    });
  });
}

test("Client.pages() ends for pages in a circle, and gives no page twice", async () => {
  const handler: RawHandler = ({ path }) => {
    const next = (Number(path.match(/\d$/)?.[0] ?? 0) + 1) % 5;
    return answerOf(`"${path}"`, `Link: </hostile${next === 0 ? "" : next}>; rel=next\r\n`);
  };
  await besiege(handler, {}, async (siege) => {
    const [pages, failure] = await pagesOf(siege);
    assertEquals([pages.length, failure], [5, "InvalidDataError link"]);
  });
});

test("Client.pages() follows pages without end up to 'maxPages', fetched ahead or not", async () => {
  for (const prefetch of [0, 1] as const) {
    const handler: RawHandler = ({ path }) => {
      const page = Number(path.match(/\d+$/)?.[0] ?? 1);
      return answerOf(`${page}`, `Link: </hostile?page=${page + 1}>; rel=next\r\n`);
    };
    await besiege(handler, {}, async ({ client, url, signal }) => {
      const pages = await Array.fromAsync(client.pages(url, { signal, maxPages: 200, prefetch }));
      assertEquals(pages.map(({ value }) => value), Array.from({ length: 200 }, (_, index) => index + 1));
    });
  }
});

test("Client.pages() gives what went before a page that breaks off, and names the failure", async () => {
  const handler: RawHandler = ({ path }) =>
    path === "/hostile" ? answerOf("[1]", "Link: </2>; rel=next\r\n") : `${OK}Content-Length: 20\r\n\r\n[`;
  await besiege(handler, {}, async (siege) => {
    const [pages, failure] = await pagesOf(siege);
    assertEquals([pages.length, failure], [1, "NetworkError"]);
  });
});

test("Client.pages() takes user info of a link of any length for a credential, and asks for the page", async () => {
  const handler: RawHandler = ({ path, head }) => {
    const host = /^host: (.*)$/im.exec(head)![1];
    const link = `<http://${"u".repeat(20_000)}:p@${host}/2>; rel=next`;
    return answerOf("[1]", path === "/hostile" ? `Link: ${link}\r\n` : "");
  };
  await besiege(handler, {}, async (siege) => {
    const [pages, failure] = await pagesOf(siege);
    assertEquals([pages.length, failure], [2, undefined]);
  });
});
