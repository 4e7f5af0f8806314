import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { BodyReceiver } from "../../src/http/body_receiver.ts";
import { receivedResponse, responseLike, trackedResponse } from "../../src/http/tracked_response.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { collectGarbage } from "../support/garbage.ts";
import { asIn } from "../support/globals.ts";
import { test } from "../support/test.ts";

function track(response: Response) {
  const ends: number[] = [];
  const receiver = new BodyReceiver(response, {
    maxBytes: Infinity,
    isMade: response.url === "",
    onTooLarge: () => new Error("too large"),
    onBreak: (error) => error,
    onEnd: (bytes) => ends.push(bytes),
  });
  return { response: trackedResponse(response, receiver), receiver, ends };
}

function answer(body: BodyInit | null, init?: ResponseInit): Response {
  return Object.defineProperties(new Response(body, init), {
    url: { value: "https://a.test/" },
    redirected: { value: true },
    type: { value: "basic" },
  });
}

test("trackedResponse() has the members of the original response, and reads its body", async () => {
  const { response, ends } = track(answer("12345", { status: 201, statusText: "Made", headers: { a: "b" } }));
  assertEquals([response.status, response.statusText, response.headers.get("a")], [201, "Made", "b"]);
  assertEquals([response.url, response.redirected, response.type], ["https://a.test/", true, "basic"]);
  assertEquals([response.bodyUsed, ends], [false, []]);
  assertEquals([await response.text(), response.bodyUsed, ends], ["12345", true, [5]]);
});

test("trackedResponse() can be read in every way, also by a server that returns it", async () => {
  const init = { headers: { "content-type": "application/json" } };
  const make = () => track(answer("[1]", init)).response;
  assertEquals(await make().json(), [1]);
  assertEquals((await make().arrayBuffer()).byteLength, 3);
  assertEquals((await make().bytes()).length, 3);
  assertEquals(await new Response(make().body, make()).text(), "[1]");
  let text = "";
  for await (const chunk of make().body!) text += new TextDecoder().decode(chunk);
  assertEquals(text, "[1]");
  const form = new URLSearchParams({ a: "1" });
  assertEquals((await track(answer(form)).response.formData()).get("a"), "1");
});

const READERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;

test("trackedResponse() can be read once, in whatever way, and then belongs to that reader", async () => {
  const made = (): Response =>
    answer("1", { headers: { "content-type": "application/x-www-form-urlencoded" } });
  const kinds: readonly (() => Response)[] = [
    () => track(made()).response,
    () => track(made()).response.clone(),
    () => responseLike(made(), new Uint8Array([49])),
  ];
  for (const [reader, kind] of READERS.flatMap((each) => kinds.map((kind) => [each, kind] as const))) {
    const response = kind();
    const reading = response[reader]().catch(() => {});
    assertEquals([response.bodyUsed, response.body?.locked], [true, true], reader);
    for (const again of READERS) await assertRejects(() => response[again](), TypeError);
    assertThrows(() => response.clone(), TypeError);
    assertThrows(() => new Response(response.body), TypeError);
    await reading;
    assertEquals([response.bodyUsed, response.body?.locked], [true, true], reader);
  }
});

test("trackedResponse() can't be read while its stream is being read", async () => {
  for (const reader of READERS) {
    const { response } = track(answer("[1]"));
    const stream = response.body!.getReader();
    await assertRejects(() => response[reader](), TypeError);
    assertEquals(new TextDecoder().decode((await stream.read()).value), "[1]");
    stream.releaseLock();
    await assertRejects(() => response[reader](), TypeError);
  }
});

test("trackedResponse() reads text as the platform does, with byte order marks and broken characters", async () => {
  const bodies = ["", "\ufeff[1]", "[1]\ufeff", "caf\u00e9 \u{1f3ce}", "[1"].map((text) =>
    new TextEncoder().encode(text)
  );
  bodies.push(Uint8Array.of(0xff, 0x5b, 0xe2, 0x82), Uint8Array.of(0xef, 0xbb));
  for (const body of bodies) {
    const parts = () => ReadableStream.from(Array.from(body, (byte) => Uint8Array.of(byte)));
    for (const make of [() => body, parts]) {
      assertEquals(await track(answer(make())).response.text(), await new Response(body).text());
      assertEquals(await track(answer(make())).response.bytes(), body);
      const expected = await new Response(body).json().catch(({ name }) => name);
      assertEquals(await track(answer(make())).response.json().catch(({ name }) => name), expected);
    }
  }
});

test("trackedResponse() gives all its readers the error of a body that breaks off, and none of the body", async () => {
  for (const reader of READERS) {
    const failure = new Error("broken");
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("[1"));
      },
      pull(controller) {
        controller.error(failure);
      },
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { response, ends } = track(answer(body, { headers }));
    assertStrictEquals(await assertRejects(() => response[reader]()), failure);
    assertEquals(ends.length, 1);
  }
});

test("trackedResponse() gives a blob the type that the platform gives to a body without a stream", async () => {
  for (
    const type of ["multipart/form-data; boundary=aXbY", "Text/Plain;charset=UTF-8", "application/x; v=A"]
  ) {
    const init = { headers: { "content-type": type } };
    const bytes = new TextEncoder().encode("--aXbY--\r\n");
    const expected = (await new Response(bytes, init).blob()).type;
    assertEquals((await track(answer(bytes, init)).response.blob()).type, expected);
  }
});

test("trackedResponse() gives a blob the type in the headers", async () => {
  for (const type of ["text/css", "image/png"]) {
    const blob = await track(answer("x", { headers: { "content-type": type } })).response.blob();
    // Bun includes the charset.
    assertEquals([blob.type.split(";")[0], blob.size], [type, 1]);
  }
  assertEquals((await track(answer(new Uint8Array(2))).response.blob()).type, "");
});

test("trackedResponse() has clones with the same members, and so have those", async () => {
  const { response, ends } = track(answer("12345"));
  const first = response.clone();
  const second = first.clone();
  for (const { url, redirected, type, status } of [first, second]) {
    assertEquals([url, redirected, type, status], ["https://a.test/", true, "basic", 200]);
  }
  const texts = await Promise.all([response, first, second].map((each) => each.text()));
  assertEquals([texts, ends], [["12345", "12345", "12345"], [5]]);
});

test("trackedResponse() makes clones whose bodies outlive the platform's own responses", async () => {
  // As in Node.js, which does so for the clone and for what was cloned.
  const collected = new FinalizationRegistry((body: WeakRef<ReadableStream>) => {
    const stream = body.deref();
    if (stream?.locked === false) stream.cancel().catch(() => {});
  });
  const { clone } = Response.prototype;
  Response.prototype.clone = function (this: Response): Response {
    const made = clone.call(this);
    for (const each of [this, made]) collected.register(each, new WeakRef(each.body!));
    return made;
  };
  try {
    const bodies = await (async () => {
      const { response } = track(answer("12345"));
      const first = response.clone();
      await eventLoopTurn();
      return [response.body!, first.clone(), first.body!];
    })();
    for (let turn = 0; turn < 5; turn++) {
      collectGarbage();
      await eventLoopTurn();
    }
    const texts = bodies.map((body) => body instanceof Response ? body.text() : new Response(body).text());
    assertEquals(await Promise.all(texts), ["12345", "12345", "12345"]);
  } finally {
    Response.prototype.clone = clone;
  }
});

test("trackedResponse() supports readers with a buffer of their own", async () => {
  const { response } = track(answer("12345"));
  const reader = response.body!.getReader({ mode: "byob" });
  const sizes: number[] = [];
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(2));
    if (done) break;
    sizes.push(value.length);
  }
  assertEquals(sizes, [2, 2, 1]);
});

test("trackedResponse() has a stream for readers also where the runtime has no streams of bytes", async () => {
  const OldStream = new Proxy(ReadableStream, {
    construct(target, args: ConstructorParameters<typeof ReadableStream>) {
      // As Safari does before 26.4.
      if (args[0]?.type === "bytes") throw new TypeError("ReadableByteStreamController is not implemented");
      return new target(...args);
    },
  });
  await asIn({ ReadableByteStreamController: undefined, ReadableStream: OldStream }, async () => {
    const make = () => track(answer("12345"));
    assertEquals(await make().response.text(), "12345");
    assertEquals(await make().response.clone().text(), "12345");
    const { response, ends } = make();
    const reader = response.body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "12345");
    assertEquals([(await reader.read()).done, ends], [true, [5]]);
    const left = make();
    await left.response.body!.cancel();
    assertEquals([left.receiver.hasEnded, left.ends], [true, [0]]);
    const broken = make();
    broken.receiver.fail("mine");
    assertEquals(await broken.response.body!.getReader().read().catch((reason) => reason), "mine");
  });
});

test("trackedResponse() reports when its body is cancelled, or breaks off", async () => {
  const cancelled = track(answer("12345"));
  await cancelled.response.body!.cancel();
  assertEquals(cancelled.ends, [0]);
  const broken = track(answer(new ReadableStream({})));
  const reading = broken.response.text();
  broken.receiver.fail(new Error("enough"));
  await assertRejects(() => reading, Error, "enough");
  assertEquals(broken.ends, [0]);
});

test("trackedResponse() is ok for the same statuses as the platform's response", () => {
  for (const status of [200, 201, 299, 300, 404, 500, 599]) {
    const plain = new Response("x", { status });
    assertEquals([plain.ok, track(plain).response.ok], [status < 300, status < 300], `${status}`);
  }
});

test("trackedResponse() keeps a status that can't be constructed", async () => {
  for (const status of [600, 999]) {
    const odd = Object.defineProperties(new Response("x"), { status: { value: status } });
    const { response } = track(odd);
    assertEquals([response.status, response.ok], [status, false]);
    assertEquals(await response.text(), "x");
  }
});

test("trackedResponse() keeps a status text that can't be constructed, as Node.js returns it", async () => {
  for (const statusText of ["R\ufffd", "日本", "a\0b"]) {
    const { response } = track(
      Object.defineProperties(new Response("x"), { statusText: { value: statusText } }),
    );
    assertEquals([response.statusText, response.clone().statusText], [statusText, statusText]);
    assertEquals(await response.text(), "x");
  }
});

test("trackedResponse() is an instance of the platform's class, and so are its clones", async () => {
  const { response } = track(answer("x"));
  const clone = response.clone();
  assertEquals([response.constructor.name, clone.constructor.name], ["Response", "Response"]);
  await Promise.all([response.text(), clone.text()]);
});

test("trackedResponse() gives the whole body to clones that the platform makes, and keeps it whole itself", async () => {
  const ways: readonly ((response: Response) => Promise<unknown>)[] = [
    (response) => response.text(),
    async (response) => new TextDecoder().decode(await response.arrayBuffer()),
    async (response) => new TextDecoder().decode(await response.bytes()),
    (response) => response.clone().text(),
    async (response) => String(await response.json()),
    async (response) => await (await response.blob()).text(),
  ];
  for (const read of ways) {
    const { response, ends } = track(answer("12345"));
    const clone = Response.prototype.clone.call(response);
    assertEquals([await clone.text(), await read(response), ends], ["12345", "12345", [5]]);
    const reversed = track(answer("12345")).response;
    const second = Response.prototype.clone.call(reversed);
    assertEquals([await read(reversed), await second.text()], ["12345", "12345"]);
  }
});

const oddChunks: readonly unknown[][] = [
  ["h", "é"],
  [new Uint16Array([0x4142])],
  [new Uint8Array([65]).buffer, "b"],
];
for (const chunks of oddChunks) {
  const about = chunks.map((chunk) => Object.prototype.toString.call(chunk).slice(8, -1)).join(" and ");
  test(`trackedResponse() and receivedResponse() read chunks of ${about} as bytes`, async () => {
    const text = await new Blob(chunks as BlobPart[]).text();
    const made = (): Response =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const chunk of chunks) controller.enqueue(chunk as Uint8Array);
            controller.close();
          },
        }),
      );
    for (const each of [made(), Object.defineProperty(made(), "url", { value: "https://a.test/" })]) {
      assertEquals(await track(each).response.text(), text);
    }
    assertEquals(await track(made()).response.clone().text(), text);
    const { chunks: received } = receivedResponse(made());
    let bytes = "";
    for (let chunk = await received!.next(); chunk !== undefined; chunk = await received!.next()) {
      bytes += new TextDecoder().decode(chunk);
    }
    assertEquals(bytes, text);
  });
}

test("receivedResponse() has the same members, gives its chunks in order, and cancels them", async () => {
  const { chunks, ...head } = receivedResponse(answer("12345", { status: 201 }));
  assertEquals([head.status, head.url, head.type], [201, "https://a.test/", "basic"]);
  let text = "";
  for (let chunk = await chunks!.next(); chunk !== undefined; chunk = await chunks!.next()) {
    text += new TextDecoder().decode(chunk);
  }
  assertEquals(text, "12345");
  assertEquals(receivedResponse(new Response(null)).chunks, undefined);

  const reasons: unknown[] = [];
  const body = new ReadableStream({ cancel: (reason) => void reasons.push(reason) });
  const reason = new Error("enough");
  await receivedResponse(new Response(body)).chunks!.cancel(reason);
  assertEquals(reasons, [reason]);
});

test("trackedResponse() works where the platform's constructor reads the members of the new response", async () => {
  const Tracked = track(answer("")).response.constructor;
  const seen: unknown[] = [];
  // As in Node.js 20: `super()` calls the prototype of a class.
  class Asking extends Response {
    constructor(body?: BodyInit | null, init?: ResponseInit) {
      super(body, init);
      seen.push(this.status, this.ok, this.url, this.redirected, this.type, this.bodyUsed);
    }
  }
  Object.setPrototypeOf(Tracked, Asking);
  try {
    const { response } = track(answer("12345", { status: 201 }));
    assertEquals(seen, [201, true, "", false, "default", false]);
    assertEquals([response.status, response.ok, response.url, response.type], [
      201,
      true,
      "https://a.test/",
      "basic",
    ]);
    assertEquals(await response.text(), "12345");
  } finally {
    Object.setPrototypeOf(Tracked, Response);
  }
});

test("trackedResponse() has the members of the original response where the platform's responses have members of their own", () => {
  const Tracked = track(answer("")).response.constructor;
  class Owning extends Response {
    constructor(body?: BodyInit | null, init?: ResponseInit) {
      super(body, init);
      for (const name of ["status", "statusText", "ok", "url", "redirected", "type"] as const) {
        Object.defineProperty(this, name, { value: super[name], configurable: true });
      }
    }
  }
  Object.setPrototypeOf(Tracked, Owning);
  try {
    const { response } = track(answer("12345", { status: 201, statusText: "Made" }));
    for (const each of [response, response.clone()]) {
      const { status, statusText, ok, url, redirected, type } = each;
      assertEquals([status, statusText, ok, url, redirected, type], [
        201,
        "Made",
        true,
        "https://a.test/",
        true,
        "basic",
      ]);
    }
  } finally {
    Object.setPrototypeOf(Tracked, Response);
  }
});

/** Creates a response whose body ends with an error that refers back to it, as an error's stack may. */
async function endWithCycle(end: "broken off" | "cancelled" | "read"): Promise<WeakRef<ReadableStream>> {
  const cause: { response?: Response } = {};
  const receiver = new BodyReceiver(answer("12345"), {
    maxBytes: Infinity,
    isMade: true,
    onTooLarge: () => new Error("too large", { cause }),
    onBreak: (error) => error,
    onEnd: () => {},
  });
  const response = cause.response = trackedResponse(answer(null), receiver);
  const body = response.body!;
  if (end === "read") { for await (const _ of body); }
  else if (end === "cancelled") await body.cancel();
  else receiver.fail(new Error("enough", { cause }));
  return new WeakRef(body);
}

test("trackedResponse() keeps no memory of a body that has ended, in whatever way", async () => {
  const bodies = new Map<string, WeakRef<ReadableStream>[]>();
  for (const end of ["broken off", "cancelled", "read"] as const) {
    const refs: WeakRef<ReadableStream>[] = [];
    for (let nth = 0; nth < 20; nth++) refs.push(await endWithCycle(end));
    bodies.set(end, refs);
  }
  for (let turn = 0; turn < 10; turn++) {
    await eventLoopTurn();
    collectGarbage();
  }
  for (const [end, refs] of bodies) {
    const left = refs.filter((ref) => ref.deref() !== undefined).length;
    // A conservative collector takes some words on the stack for references. A leak would keep all of them.
    assert(left <= 10, `${left} of 20 are left that were ${end}`);
  }
});
