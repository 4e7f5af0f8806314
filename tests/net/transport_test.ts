import { readFileSync } from "node:fs";
import process from "node:process";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createClient } from "../../src/client/create_client.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { currentTransport } from "../../src/runtime/transport/current.ts";
import { CertificateError, createTransport } from "../../src/transport/mod.ts";
import { PLAIN_SENDER } from "../support/fake_transport_runtime.ts";
import { serveProxy, serveResolver } from "../support/net_servers.ts";
import { runtime, test } from "../support/test.ts";

interface NetSettings {
  readonly http2: number;
  readonly http1: number;
  readonly status: number;
  readonly name: string;
  readonly ca: string;
}

const settings: NetSettings = JSON.parse(currentRuntime.env("SLIPSTREAM_NET")!);
const caCerts = [readFileSync(settings.ca, "utf8")];
const onDeno = runtime === "deno";

interface Answer {
  readonly connection: string;
  readonly protocol: string;
  readonly host: string;
}

/** Returns the number of connections that nginx has accepted, without those of this function itself. */
let ownConnections = 0;
async function accepted(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${settings.status}/`, { headers: { connection: "close" } });
  const [, accepts] = /requests\s+(\d+)/.exec((await response.text()).replaceAll("\n", " "))!;
  return Number(accepts) - ++ownConnections;
}

type Fetch = (url: string) => Promise<Response>;

/** Sends many requests at once, and returns the number of connections and the protocols that they used. */
async function burst(fetch: Fetch, url: string, count = 100) {
  const answers = await Promise.all(Array.from({ length: count }, async () => {
    return await (await fetch(url)).json() as Answer;
  }));
  return {
    connections: new Set(answers.map(({ connection }) => connection)).size,
    protocols: [...new Set(answers.map(({ protocol }) => protocol))],
  };
}

/** The time that some work takes. Other load on the machine stretches the wall time, but hardly the CPU time. */
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const startMs = performance.now();
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1_000 };
}

test("createTransport() sends a cold burst to an origin of HTTP/2 over one connection", async () => {
  const url = `https://localhost:${settings.http2}/`;
  for (const options of onDeno ? [{}, { countConnections: true }] : [{ http2: true }]) {
    await using transport = createTransport({ caCerts, ...options });
    const before = await accepted();
    const { connections, protocols } = await burst(transport.fetch, url);
    assertEquals([connections, protocols, await accepted() - before], [1, ["HTTP/2.0"], 1]);
    if ("countConnections" in options) {
      assertEquals(transport.connectionStats(), {
        requests: 100,
        opened: 1,
        open: 1,
        reused: 99,
        reuseRate: 0.99,
      });
    }
  }
});

test("createTransport() gives a client the same, and a burst costs at most half of a bare one", async () => {
  const url = `https://localhost:${settings.http2}/`;
  const options = { caCerts, ...(onDeno ? {} : { http2: true }) };
  const costs: Record<"bare" | "transport" | "client", Cost[]> = { bare: [], transport: [], client: [] };
  for (let round = 0; round < 10; round++) {
    const sender = currentTransport.createSender({ ...PLAIN_SENDER, caCerts });
    costs.bare.push(await costOf(() => burst((href) => sender.fetch(href, undefined), url)));
    sender.close();
    await using transport = createTransport(options);
    costs.transport.push(await costOf(() => burst(transport.fetch, url)));
    await using another = createTransport(options);
    await using client = createClient({ transport: another, concurrency: 100 });
    const before = await accepted();
    const requests = Array.from({ length: 100 }, (_, index) => `${url}${index}`);
    costs.client.push(await costOf(() => client.all(requests)));
    assertEquals(await accepted() - before, 1);
  }
  const least = (name: keyof typeof costs, what: keyof Cost): number =>
    Math.min(...costs[name].map((cost) => cost[what]));
  const figures = Object.keys(costs).map((name) => {
    const [wallMs, cpuMs] = (["wallMs", "cpuMs"] as const).map((what) =>
      least(name as keyof typeof costs, what)
    );
    return `${name} ${wallMs!.toFixed(1)} (${cpuMs!.toFixed(1)})`;
  });
  console.log(`cold burst of 100, least of 10, ms (of them CPU): ${figures.join(", ")}`);
  assert(least("transport", "cpuMs") <= 0.5 * least("bare", "cpuMs"), figures.join());
  assert(least("client", "cpuMs") <= 0.5 * least("bare", "cpuMs"), figures.join());
});

test("createTransport() reuses connections of HTTP/1.1, and goes back to it where HTTP/2 is refused", async () => {
  await using transport = createTransport({ caCerts, http2: true });
  const before = await accepted();
  const url = `https://localhost:${settings.http1}/`;
  const answers: Answer[] = [];
  for (let count = 0; count < 5; count++) answers.push(await (await transport.fetch(url)).json());
  assertEquals([...new Set(answers.map(({ protocol }) => protocol))], ["HTTP/1.1"]);
  assertEquals(new Set(answers.map(({ connection }) => connection)).size, 1);
  // On Bun, the first connection tried HTTP/2.
  assert(await accepted() - before <= 2);
});

test("createTransport() speaks HTTP/1.1 alone with http2: false", async () => {
  await using transport = createTransport({ caCerts, http2: false });
  const { protocol } = await (await transport.fetch(`https://localhost:${settings.http2}/`)).json();
  assertEquals(protocol, "HTTP/1.1");
});

test("createTransport() keeps as few idle connections as it is told", async () => {
  await using transport = createTransport({ caCerts, http2: false, maxIdleConnections: 2 });
  const url = `https://localhost:${settings.http1}/`;
  await burst(transport.fetch, url, 10);
  const before = await accepted();
  await burst(transport.fetch, url, 10);
  // If all connections were kept, the second burst would open none. The exact number depends on how many requests end before
  // the last one begins.
  assert(await accepted() - before >= 3);
});

test("createTransport() resolves a name that only its resolver knows, over TLS and HTTP/2", async () => {
  await using resolver = await serveResolver({ [settings.name]: "127.0.0.1", "other.net.test": "127.0.0.1" });
  for (const when of ["fallback", "always"] as const) {
    await using transport = createTransport({ caCerts, http2: true, dns: { doh: [resolver.url], when } });
    const url = `https://${settings.name}:${settings.http2}/`;
    const { connections, protocols } = await burst(transport.fetch, url, 20);
    assertEquals([connections, protocols], [1, ["HTTP/2.0"]]);
    // This name leads to the same server, but the server's certificate is not for this name.
    const other = `other.net.test:${settings.http2}`;
    const error = await assertRejects(() => transport.fetch(`https://${other}/`), CertificateError);
    assertEquals([error.reason, error.host], ["wrong-name", other]);
    await assertRejects(
      () => transport.fetch(`https://missing.net.test:${settings.http2}/`),
      Error,
      "no address",
    );
  }
});

test("createTransport() pays less than a millisecond a request for its own resolver", async () => {
  await using resolver = await serveResolver({ [settings.name]: "127.0.0.1" });
  const sender = currentTransport.createSender({ ...PLAIN_SENDER, caCerts, http2: false });
  await using transport = createTransport({
    caCerts,
    http2: false,
    dns: { doh: [resolver.url], when: "always" },
  });
  const ask = async (fetch: Fetch, url: string, count: number): Promise<void> => {
    for (let asked = 0; asked < count; asked++) await (await fetch(url)).text();
  };
  const askBare = (count: number) =>
    ask((url) => sender.fetch(url, undefined), `https://localhost:${settings.http1}/`, count);
  const askOwn = (count: number) =>
    ask(transport.fetch, `https://${settings.name}:${settings.http1}/`, count);
  await askBare(1);
  await askOwn(1);
  const costs: Record<"bare" | "own", number[]> = { bare: [], own: [] };
  for (let round = 0; round < 10; round++) {
    costs.bare.push((await costOf(() => askBare(50))).cpuMs / 50);
    costs.own.push((await costOf(() => askOwn(50))).cpuMs / 50);
  }
  sender.close();
  const [bare, own] = [Math.min(...costs.bare), Math.min(...costs.own)];
  console.log(
    `one after the other, least of 10 [ms of CPU a request]: bare ${bare.toFixed(3)}, resolved ${
      own.toFixed(3)
    }`,
  );
  assert(own - bare <= 1);
});

test("createTransport() goes through a proxy to an origin of HTTP/2", async () => {
  await using proxy = await serveProxy({ credentials: "user:password", leadsTo: () => settings.http2 });
  const url = `http://user:password@127.0.0.1:${proxy.port}`;
  await using transport = createTransport({ caCerts, proxy: url });
  const { connections, protocols } = await burst(transport.fetch, `https://${settings.name}/`, 20);
  assertEquals(protocols, [onDeno ? "HTTP/2.0" : "HTTP/1.1"]);
  assertEquals(connections, proxy.connections);
  if (onDeno) assertEquals(proxy.connections, 1);
});
