import { assert, assertEquals, assertRejects } from "@std/assert";
import { SocketReader } from "../../src/transport/socket_reader.ts";
import { acceptSocks, replySocks, requestSocks, SocksRefusal } from "../../src/transport/socks.ts";
import { scripted, socketPair } from "../support/memory_sockets.ts";
import { test } from "../support/test.ts";

const TARGET = { host: "a.test", port: 443 };
const USER = { username: "user", password: "pass" };

/** Sends a request to a proxy with these answers. */
async function ask(answers: readonly Uint8Array[], credentials: typeof USER | undefined = USER) {
  const [near, far] = socketPair();
  const got: string[] = [];
  scripted(answers, got)(far, TARGET);
  await requestSocks(near, new SocketReader(near), TARGET, credentials);
  return got;
}

test("requestSocks() and acceptSocks() work together", async () => {
  for (const host of ["a.test", "127.0.0.1", "x".repeat(255)]) {
    const [near, far] = socketPair();
    const asking = requestSocks(near, new SocketReader(near), { host, port: 8443 }, USER);
    const request = await acceptSocks(far, new SocketReader(far), "pass");
    assertEquals(request, { host, port: 8443, username: "user" });
    await replySocks(far, 0);
    await asking;
  }
});

test("acceptSocks() refuses a client without the password, or with another request", async () => {
  const login = [1, 4, ...new TextEncoder().encode("user"), 4, ...new TextEncoder().encode("pass")];
  const wrong: readonly (readonly number[])[] = [
    [4, 1, 0, 80, 10, 0, 0, 1, 0], // SOCKS 4
    [5, 1, 0], // without a login
    [5, 0],
    [5, 1, 2, ...login.slice(0, -1), 65], // another password
    [5, 1, 2, ...login, 5, 2, 0, 1, 127, 0, 0, 1, 0, 80], // BIND
    [5, 1, 2, ...login, 5, 1, 0, 7, 127, 0, 0, 1, 0, 80], // no known address
    [5, 1, 2, ...login, 5, 1, 0, 3, 9, 97], // cut
    [71, 69, 84, 32, 47], // HTTP
  ];
  for (const bytes of wrong) {
    const [near, far] = socketPair();
    await near.write(Uint8Array.from(bytes));
    await near.closeWrite();
    assertEquals(await acceptSocks(far, new SocketReader(far), "pass"), undefined);
  }
});

test("acceptSocks() reads addresses of both kinds", async () => {
  const login = [5, 1, 2, 1, 1, 117, 1, 112, 5, 1, 0];
  const cases: readonly (readonly [readonly number[], string])[] = [
    [[1, 10, 0, 0, 1, 1, 187], "10.0.0.1"],
    [[4, ...Array(15).fill(0), 1, 1, 187], "::1"],
  ];
  for (const [address, host] of cases) {
    const [near, far] = socketPair();
    await near.write(Uint8Array.from([...login, ...address]));
    assertEquals(await acceptSocks(far, new SocketReader(far), "p"), { host, port: 443, username: "u" });
  }
});

test("requestSocks() skips the login if the proxy requires none", async () => {
  const got = await ask([Uint8Array.of(5, 0), Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)]);
  assertEquals(got.length, 2);
  assert(got[1]!.includes("a.test"));
});

test("requestSocks() sends an address as such, and a name as a name", async () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ["a.test", [3, 6, ...new TextEncoder().encode("a.test")]],
    ["1.example", [3, 9, ...new TextEncoder().encode("1.example")]],
    ["10.0.0.1", [1, 10, 0, 0, 1]],
    ["::1", [4, ...Array(15).fill(0), 1]],
    ["2001:db8::ff:0", [4, 0x20, 1, 0x0d, 0xb8, ...Array(9).fill(0), 0xff, 0, 0]],
  ];
  for (const [host, address] of cases) {
    const [near, far] = socketPair();
    const asking = requestSocks(near, new SocketReader(near), { host, port: 443 }, undefined);
    const reader = new SocketReader(far);
    assertEquals([...(await reader.take(3))!], [5, 1, 0]);
    await far.write(Uint8Array.of(5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
    await asking;
    assertEquals([...(await reader.take(address.length + 5))!], [5, 1, 0, ...address, 1, 187]);
  }
});

test("requestSocks() says that a proxy asks for credentials where it has none", async () => {
  const [near, far] = socketPair();
  scripted([Uint8Array.of(5, 255)], [])(far, TARGET);
  await assertRejects(
    () => requestSocks(near, new SocketReader(near), TARGET, undefined),
    SocksRefusal,
    "asks for credentials, which its URL has to name",
  );
});

test("requestSocks() says what the proxy has refused, and whether the host is the reason", async () => {
  const cases: readonly (readonly [readonly (readonly number[])[], string, boolean])[] = [
    [[[72, 84]], "does not speak SOCKS 5", false],
    [[[5, 255]], "asks for other credentials", false],
    [[[5, 2], [1, 1]], "does not accept the credentials", false],
    [[[5, 0], [5, 2, 0, 1]], "does not allow this connection", false],
    [[[5, 0], [5, 4, 0, 1]], "can't reach the host", true],
    [[[5, 0], [5, 5, 0, 1]], "was refused by the host", true],
    [[[5, 0], [5, 99, 0, 1]], "answered with 99", false],
  ];
  for (const [answers, message, isAboutHost] of cases) {
    const error = await assertRejects(
      () => ask(answers.map((bytes) => Uint8Array.from(bytes))),
      SocksRefusal,
      message,
    );
    assertEquals(error.isAboutHost, isAboutHost);
  }
});

test("requestSocks() rejects when the proxy has left", async () => {
  const [near, far] = socketPair();
  far.close();
  await assertRejects(() => requestSocks(near, new SocketReader(near), TARGET, USER), SocksRefusal);
});
