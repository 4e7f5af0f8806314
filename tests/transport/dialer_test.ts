import { assertEquals, assertRejects } from "@std/assert";
import {
  Dialer,
  type DialerSettings,
  HopError,
  isLocalHost,
  lacksPermission,
  refusalOf,
} from "../../src/transport/dialer.ts";
import { DohResolver } from "../../src/transport/doh_resolver.ts";
import { parseProxy } from "../../src/transport/proxy_address.ts";
import { TransportError } from "../../src/transport/transport_errors.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { type MemoryHost, MemorySockets, scripted, UnresolvedError } from "../support/memory_sockets.ts";
import { test } from "../support/test.ts";

const TARGET = { host: "a.test", port: 443 };
const NEVER = new AbortController().signal;
const fine: MemoryHost = () => {};
const unresolved: MemoryHost = () => {
  throw new UnresolvedError("unknown name");
};
const refused: MemoryHost = () => {
  throw new Error("refused");
};

/** A resolver that returns these addresses for every name. */
function resolverFor(addresses: readonly string[], clock: ManualClock) {
  const asked: string[] = [];
  const resolver = new DohResolver({
    servers: ["https://r.test"],
    timeoutMs: 1_000,
    maxNegativeTtlMs: 1_000,
    clock,
    fetch: (href) => {
      asked.push(href);
      const question = Uint8Array.fromBase64(new URL(href).searchParams.get("dns")!, {
        alphabet: "base64url",
      });
      const isIpv4 = question.at(-3) === 1;
      const records = isIpv4
        ? addresses.flatMap((
          text,
        ) => [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...text.split(".").map(Number)])
        : [];
      const header = [0, 0, 0x81, 0x80, 0, 1, 0, isIpv4 ? addresses.length : 0, 0, 0, 0, 0];
      return Promise.resolve(new Response(Uint8Array.of(...header, ...question.slice(12), ...records)));
    },
  });
  return { resolver, asked };
}

function setUp(hosts: Readonly<Record<string, MemoryHost>>, options: Partial<DialerSettings> = {}) {
  const sockets = new MemorySockets(hosts);
  const clock = new ManualClock();
  const dialer = new Dialer({
    sockets,
    clock,
    connectTimeoutMs: undefined,
    caCerts: [],
    dns: undefined,
    ...options,
  });
  return { sockets, clock, dialer };
}

test("Dialer.dial() connects directly by default", async () => {
  const { dialer, sockets } = setUp({ "a.test": fine });
  assertEquals((await dialer.dial(TARGET, undefined, NEVER)).rest.length, 0);
  assertEquals(sockets.dialed, ["a.test:443"]);
});

test("Dialer.dial() asks the resolver for a name that the system does not know, and uses its answer while that is valid", async () => {
  const clock = new ManualClock();
  const { resolver, asked } = resolverFor(["10.0.0.1", "10.0.0.2"], clock);
  const hosts = { "a.test": unresolved, "10.0.0.1": refused, "10.0.0.2": fine };
  const { dialer, sockets } = setUp(hosts, { clock, dns: { resolver, when: "fallback" } });
  for (let count = 0; count < 2; count++) await dialer.dial(TARGET, undefined, NEVER);
  const addresses = ["10.0.0.1:443", "10.0.0.2:443"];
  assertEquals(sockets.dialed, ["a.test:443", ...addresses, ...addresses]);
  assertEquals(asked.length, 2);
  await clock.advance(60_000);
  await dialer.dial(TARGET, undefined, NEVER);
  assertEquals(sockets.dialed.at(-3), "a.test:443");
});

test("Dialer.dial() is not held up by a silent address", async () => {
  const clock = new ManualClock();
  const { resolver } = resolverFor(["10.0.0.1", "10.0.0.2"], clock);
  const settings = { clock, connectTimeoutMs: 1_000, dns: { resolver, when: "always" } } as const;
  const { dialer, sockets } = setUp({ "10.0.0.2": fine }, settings);
  await clock.run(dialer.dial(TARGET, undefined, NEVER));
  assertEquals([sockets.abandoned, clock.pending], [["10.0.0.1:443"], 0]);

  const silent = setUp({}, settings);
  const message = "Cannot connect to a.test:443 within 'connectTimeoutMs': 1000";
  await assertRejects(() => clock.run(silent.dialer.dial(TARGET, undefined, NEVER)), TransportError, message);
  assertEquals([silent.sockets.abandoned.length, clock.pending], [2, 0]);
});

test("Dialer.dial() asks the resolver first with 'always', and never for this machine", async () => {
  const clock = new ManualClock();
  const { resolver, asked } = resolverFor(["10.0.0.1"], clock);
  const hosts = { "10.0.0.1": fine, "x.localhost": fine, "127.0.0.1": fine };
  const { dialer, sockets } = setUp(hosts, { clock, dns: { resolver, when: "always" } });
  for (const host of ["a.test", "x.localhost", "127.0.0.1"]) {
    await dialer.dial({ host, port: 1 }, undefined, NEVER);
  }
  assertEquals(sockets.dialed, ["10.0.0.1:1", "x.localhost:1", "127.0.0.1:1"]);
  assertEquals(asked.length, 2);
});

test("Dialer.dial() asks no resolver after failures that are not about names", async () => {
  const clock = new ManualClock();
  const { resolver, asked } = resolverFor(["10.0.0.1"], clock);
  const { dialer } = setUp({ "a.test": refused }, { clock, dns: { resolver, when: "fallback" } });
  await assertRejects(() => dialer.dial(TARGET, undefined, NEVER), Error, "refused");
  assertEquals(asked, []);
});

test("Dialer.dial() goes through HTTP proxies, over TLS if they use it, and keeps early bytes", async () => {
  const got: string[] = [];
  const proxyHost = scripted(["HTTP/1.1 200 OK\r\n\r\nearly"], got);
  for (const scheme of ["http", "https"]) {
    const { dialer, sockets } = setUp({ "p.test": proxyHost });
    const dialed = await dialer.dial(TARGET, parseProxy(`${scheme}://u:p@p.test:3128`, "proxy"), NEVER);
    assertEquals(new TextDecoder().decode(dialed.rest), "early");
    assertEquals([sockets.dialed, sockets.tlsNames], [["p.test:3128"], scheme === "https" ? ["p.test"] : []]);
  }
  assertEquals(
    got[0],
    `CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic ${btoa("u:p")}\r\n\r\n`,
  );
});

test("Dialer.dial() reports what a proxy has done, and closes the connection to it", async () => {
  const cases: readonly (readonly [string, MemoryHost, string, boolean])[] = [
    ["http", refused, "could not be reached: refused", false],
    [
      "http",
      scripted(["HTTP/1.1 407 No\r\n\r\n"]),
      "asks for credentials, which its URL has to name: 407",
      false,
    ],
    ["http", scripted(["HTTP/1.1 502 No\r\n\r\n"]), "refused with 502", true],
    ["http", scripted(["hello\r\n\r\n"]), "did not answer as a proxy does", false],
    ["socks5", scripted([Uint8Array.of(5, 0), Uint8Array.of(5, 5, 0, 1)]), "was refused by the host", true],
    ["socks5", (socket) => socket.close(), "does not speak SOCKS 5", false],
  ];
  for (const [scheme, host, message, mayBeOriginsFault] of cases) {
    let far: { readonly peer: { readonly isClosed: boolean } } | undefined;
    const { dialer } = setUp({
      "p.test": (socket, endpoint) => {
        far = socket;
        host(socket, endpoint);
      },
    });
    const proxy = parseProxy(`${scheme}://p.test`, "proxy");
    const error = await assertRejects(() => dialer.dial(TARGET, proxy, NEVER), HopError, message);
    assertEquals(error.mayBeOriginsFault, mayBeOriginsFault);
    assertEquals(host === refused || far?.peer.isClosed, true);
  }
});

test("Dialer.dial() does not count a missing permission or descriptor against a proxy", async () => {
  const denied = Object.assign(new Error("Requires net access"), { name: "NotCapable" });
  const full = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  for (const scheme of ["http", "https", "socks5"]) {
    for (const trouble of [denied, full]) {
      const { dialer } = setUp({
        "p.test": () => {
          throw trouble;
        },
      });
      const proxy = parseProxy(`${scheme}://p.test`, "proxy");
      assertEquals(await assertRejects(() => dialer.dial(TARGET, proxy, NEVER)), trouble);
    }
  }
});

test("lacksPermission() recognizes a missing permission by its name", () => {
  const denied = Object.assign(new Error(""), { name: "NotCapable" });
  const others = [new Error("NotCapable"), { name: "NotCapable" }, undefined];
  assertEquals([denied, ...others].map(lacksPermission), [true, false, false, false]);
});

test("Dialer.dial() gives up after connectTimeoutMs, at any stage, and leaves no timer", async () => {
  const cases = [
    [{}, undefined, TransportError, "Cannot connect to a.test:443 within 'connectTimeoutMs': 100"],
    [{}, "http://p.test", HopError, "made no connection within 'connectTimeoutMs': 100"],
    [{ "p.test": fine }, "http://p.test", HopError, "made no connection within"],
    [{ "p.test": fine }, "socks5://p.test", HopError, "made no connection within"],
  ] as const;
  for (const [hosts, url, type, message] of cases) {
    const { dialer, clock } = setUp(hosts, { connectTimeoutMs: 100 });
    const proxy = url === undefined ? undefined : parseProxy(url, "proxy");
    const error = await assertRejects(() => clock.run(dialer.dial(TARGET, proxy, NEVER)), Error, message);
    assertEquals(error.constructor, type);
    assertEquals([clock.now(), clock.pending], [100, 0]);
  }
  const { dialer, clock } = setUp({ "a.test": fine }, { connectTimeoutMs: 100 });
  await dialer.dial(TARGET, undefined, NEVER);
  assertEquals(clock.pending, 0);
});

test("Dialer.dial() ends with the reason when the dialer is closed", async () => {
  const controller = new AbortController();
  const { dialer } = setUp({});
  const reason = new Error("closed");
  const dialing = dialer.dial(TARGET, undefined, controller.signal);
  controller.abort(reason);
  assertEquals(await assertRejects(() => dialing), reason);
  assertEquals(await assertRejects(() => dialer.dial(TARGET, undefined, controller.signal)), reason);
});

test("refusalOf() treats 502, 503 and 504 as failures to reach the origin", () => {
  const about = [407, 403, 500, 502, 503, 504, undefined].map((status) =>
    refusalOf(status, undefined).mayBeOriginsFault
  );
  assertEquals(about, [false, false, false, true, true, true, false]);
});

test("isLocalHost() recognizes the names of this machine", () => {
  assertEquals(
    ["localhost", "LOCALHOST.", "a.localhost", "notlocalhost", "localhost.test"].map(isLocalHost),
    [
      true,
      true,
      true,
      false,
      false,
    ],
  );
});
