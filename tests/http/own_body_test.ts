import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { ownBody } from "../../src/http/own_body.ts";
import { test } from "../support/test.ts";

/** Returns the type of a body, without the boundary of a form, and its text. */
async function sent(body: BodyInit): Promise<string[]> {
  const response = new Response(body);
  const type = response.headers.get("content-type") ?? "";
  const boundary = /boundary=(.+)$/.exec(type)?.[1] ?? "none";
  return [type, await response.text()].map((text) => text.replaceAll(boundary, "boundary"));
}

test("ownBody() keeps the present content of a body, whatever its caller changes later", async () => {
  const bytes = new TextEncoder().encode("0123456789");
  const parameters = new URLSearchParams([["a", "1"], ["a", "2 3"]]);
  const form = new FormData();
  form.append("a", "1");
  form.append("b", "x\r\ny");
  form.append("a", "2");
  const bodies: readonly BodyInit[] = [
    bytes,
    bytes.subarray(2, 4),
    bytes.buffer,
    new DataView(bytes.buffer, 1, 3),
    new Uint16Array(bytes.buffer, 2, 2),
    parameters,
    form,
  ];
  const before = await Promise.all(bodies.map(sent));
  const own = bodies.map(ownBody);
  bytes.fill(0);
  parameters.set("a", "9");
  form.delete("b");
  assertEquals(await Promise.all(own.map(sent)), before);
  for (const [index, body] of bodies.entries()) assertNotStrictEquals(own[index], body);
});

test("ownBody() copies neither files nor immutable bodies, and reads no stream", () => {
  const stream = new ReadableStream<Uint8Array>();
  const form = new FormData();
  form.append("text", "1");
  form.append("file", new Blob(["x"]), "name");
  assertStrictEquals(ownBody(form), form);
  const shared = new Uint8Array(new SharedArrayBuffer(4)) as Uint8Array as Uint8Array<ArrayBuffer>;
  for (const body of ["text", new Blob(["x"]), new File(["x"], "name"), stream, shared]) {
    assertStrictEquals(ownBody(body), body);
  }
  assertEquals(stream.locked, false);
});
