import { assertEquals, assertRejects } from "@std/assert";
import {
  continuesAt,
  rangeHeaders,
  RESTART,
  type ResumePoint,
  Transfer,
  type TransferOptions,
} from "../../src/cli/transfer.ts";
import { NetworkError } from "../../src/errors.ts";
import { test } from "../support/test.ts";

const encoder = new TextEncoder();

/** A response whose body breaks off behind the text, or doesn't. */
function respond(text: string, init: ResponseInit & { readonly breaks?: unknown } = {}): Response {
  let isSent = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!isSent && text !== "") {
        isSent = true;
        controller.enqueue(encoder.encode(text));
      } else if (init.breaks === undefined) controller.close();
      else controller.error(init.breaks);
    },
  });
  return new Response(body, init);
}

const broken = new NetworkError("broke off");
const TAG = { etag: '"1"' };
const partial = (
  text: string,
  from: number,
  init: { readonly breaks?: unknown; readonly etag?: string } = {},
) =>
  respond(text, {
    status: 206,
    headers: { "content-range": `bytes ${from}-9/10`, etag: init.etag ?? '"1"' },
    ...init,
  });

interface Rig {
  readonly transfer: Transfer;
  /** What was asked for again. */
  readonly asked: (ResumePoint | undefined)[];
  readonly pauses: number[];
  received: number;
}

function setUp(
  first: Response,
  later: readonly Response[] = [],
  options: Partial<TransferOptions> = {},
): Rig {
  const asked: (ResumePoint | undefined)[] = [];
  const pauses: number[] = [];
  const rig: Rig = {
    asked,
    pauses,
    received: 0,
    transfer: new Transfer(first, {
      isRepeatable: true,
      maxRetries: 3,
      reopen: (from) => {
        const next = later[asked.push(from) - 1];
        return next === undefined
          ? Promise.reject(new Error("not asked for so often"))
          : Promise.resolve(next);
      },
      pause: (retry) => Promise.resolve(void pauses.push(retry)),
      onBytes: (bytes) => rig.received += bytes,
      ...options,
    }),
  };
  return rig;
}

async function textOf({ transfer }: Rig): Promise<string> {
  let text = "";
  for await (const piece of transfer.pieces()) {
    text = piece === RESTART ? "" : text + new TextDecoder().decode(piece);
  }
  return text;
}

test("Transfer.pieces() continues a body where it broke off, as often as it gets on", async () => {
  const first = respond("0123", { headers: TAG, breaks: broken });
  const rig = setUp(first, [
    partial("45", 4, { breaks: broken }),
    partial("67", 6, { breaks: broken }),
    partial("89", 8),
  ]);
  assertEquals(await textOf(rig), "0123456789");
  assertEquals(rig.asked, [4, 6, 8].map((offset) => ({ offset, validator: '"1"' })));
  assertEquals([rig.pauses, rig.received, rig.transfer.received], [[], 10, 10]);
});

test("Transfer.pieces() begins again where nothing says that the rest belongs to it", async () => {
  const cases: readonly HeadersInit[] = [{}, { etag: 'W/"1"' }, { ...TAG, "accept-ranges": "none" }, {
    ...TAG,
    "content-encoding": "gzip",
  }];
  for (const headers of cases) {
    const rig = setUp(respond("0123", { headers, breaks: broken }), [respond("0123456789")]);
    assertEquals([await textOf(rig), rig.asked], ["0123456789", [undefined]]);
  }
  const dated = setUp(
    respond("0123", { headers: { "last-modified": "Sat, 01 Jan 2022 00:00:00 GMT" }, breaks: broken }),
    [
      respond("new", {}),
    ],
  );
  assertEquals([await textOf(dated), dated.asked[0]?.validator], ["new", "Sat, 01 Jan 2022 00:00:00 GMT"]);
});

test("Transfer.pieces() does not mix two versions, whatever the server makes of If-Range", async () => {
  for (const other of [partial("XY", 4, { etag: '"2"' }), partial("XY", 5), respond("", { status: 416 })]) {
    const rig = setUp(respond("0123", { headers: TAG, breaks: broken }), [
      other,
      respond("second", { headers: { etag: '"2"' } }),
    ]);
    assertEquals(await textOf(rig), "second");
    assertEquals(rig.asked, [{ offset: 4, validator: '"1"' }, undefined]);
  }
});

test("Transfer.pieces() is at its end when it broke off behind the last byte", async () => {
  const none = respond("", { status: 416, headers: { "content-range": "bytes */4" } });
  const rig = setUp(respond("0123", { headers: TAG, breaks: broken }), [none]);
  assertEquals(await textOf(rig), "0123");
});

test("Transfer.pieces() gives up after retries without a byte, pausing before all but the first", async () => {
  const empty = () => partial("", 4, { breaks: broken });
  const rig = setUp(respond("0123", { headers: TAG, breaks: broken }), [empty(), empty(), empty(), empty()]);
  assertEquals(await assertRejects(() => textOf(rig)), broken);
  assertEquals([rig.asked.length, rig.pauses], [3, [1, 2]]);
});

test("Transfer.pieces() asks for nothing again that must not be sent twice, and for no abort", async () => {
  const post = setUp(respond("0", { headers: TAG, breaks: broken }), [], { isRepeatable: false });
  assertEquals(await assertRejects(() => textOf(post)), broken);
  const abort = new DOMException("stop", "AbortError");
  const aborted = setUp(respond("0", { headers: TAG, breaks: abort }));
  assertEquals(await assertRejects(() => textOf(aborted)), abort);
  assertEquals([post.asked, aborted.asked], [[], []]);
});

test("Transfer.pieces() goes on behind what is there already", async () => {
  const from = { offset: 6, validator: '"1"' };
  const rig = setUp(partial("67", 6, { breaks: broken }), [partial("89", 8)], { from });
  assertEquals([rig.transfer.isContinued, rig.transfer.received, rig.transfer.total], [true, 6, 10]);
  assertEquals([await textOf(rig), rig.asked], ["6789", [{ offset: 8, validator: '"1"' }]]);
  const whole = setUp(respond("all", { headers: { "content-length": "3" } }), [], { from });
  assertEquals([whole.transfer.isContinued, whole.transfer.total, await textOf(whole)], [false, 3, "all"]);
});

test("Transfer.pieces() lets go of a body that its consumer leaves", async () => {
  let isCancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(encoder.encode("x")),
    cancel: () => void (isCancelled = true),
  });
  for await (const _piece of setUp(new Response(body)).transfer.pieces()) break;
  assertEquals(isCancelled, true);
});

test("Transfer.whole() is all of it, also if it broke off", async () => {
  for (const headers of [{}, { "content-length": "10" }, { ...TAG, "content-length": "10" }]) {
    const whole = setUp(respond("0123456789", { headers }));
    assertEquals([new TextDecoder().decode(await whole.transfer.whole()), whole.received], [
      "0123456789",
      10,
    ]);
    const cut = setUp(respond("0123", { headers, breaks: broken }), [
      respond("0123456789", { headers }),
      respond("456789"),
    ]);
    assertEquals(new TextDecoder().decode(await cut.transfer.whole()), "0123456789");
  }
  assertEquals(await setUp(new Response(null, { status: 204 })).transfer.whole(), new Uint8Array());
});

test("rangeHeaders() and continuesAt() ask for what follows, and know it", () => {
  const from = { offset: 4, validator: '"1"' };
  assertEquals(rangeHeaders(from), { range: "bytes=4-", "if-range": '"1"', "accept-encoding": "identity" });
  assertEquals([
    rangeHeaders(undefined),
    continuesAt(partial("", 4), from),
    continuesAt(partial("", 4), undefined),
  ], [{}, true, false]);
});

test("Transfer.total is not said by a length that a transfer coding overrides, and whole() reads on behind it", async () => {
  const rig = setUp(respond("0123", { headers: { "content-length": "2", "transfer-encoding": "chunked" } }));
  assertEquals(rig.transfer.total, undefined);
  assertEquals(new TextDecoder().decode(await rig.transfer.whole()), "0123");
});
