/**
 * Assembles the carrier that sends the requests of a transport.
 *
 * @module
 */

import type { Sockets, TransportRuntime } from "../runtime/transport/contract.ts";
import { Dialer } from "./dialer.ts";
import { DohResolver } from "./doh_resolver.ts";
import { NamedSender } from "./named_sender.ts";
import type { DnsSettings, TransportSettings } from "./option_checks.ts";
import { ProxyExceptions } from "./proxy_exceptions.ts";
import { ProxyPool } from "./proxy_pool.ts";
import { RequestCarrier } from "./request_carrier.ts";
import type { Carrier } from "./sending.ts";
import { Tunnel } from "./tunnel.ts";
import { TunnelCarrier } from "./tunnel_carrier.ts";

/**
 * Creates the carrier of a transport.
 *
 * @param settings The checked options.
 * @param runtime The runtime, which makes the connections.
 * @returns The carrier.
 * @throws {TypeError} If the runtime can't create a sender with these settings.
 */
export function createCarrier(settings: TransportSettings, runtime: TransportRuntime): Carrier {
  const { sender, proxies, dns } = settings;
  const pool = proxies === undefined ? undefined : new ProxyPool(proxies.addresses, proxies.pool);
  const names = dns === undefined ? undefined : createNames(dns, settings, runtime);
  const exceptions = new ProxyExceptions(runtime.env);
  const { sockets } = runtime;
  const carrier = sockets === undefined
    ? new RequestCarrier({
      runtime,
      sender,
      pool,
      exceptions,
      names: names &&
        ((send) => new NamedSender({ runtime, resolver: names.resolver, when: names.when }, send)),
    })
    : new TunnelCarrier({
      runtime,
      sender,
      tunnel: openTunnel(settings, sockets, names),
      pool,
      exceptions,
    });
  return names === undefined ? carrier : closingToo(carrier, names);
}

interface Names {
  readonly resolver: DohResolver;
  readonly when: DnsSettings["when"];
  readonly asking: Carrier;
}

function createNames(dns: DnsSettings, settings: TransportSettings, runtime: TransportRuntime): Names {
  const { servers, when, timeoutMs, maxNegativeTtlMs } = dns;
  const asking = createAsking(settings, runtime);
  const fetch = (url: string, init: RequestInit): Promise<Response> => asking.send(new URL(url), url, init);
  const { clock } = settings;
  return { resolver: new DohResolver({ servers, timeoutMs, maxNegativeTtlMs, fetch, clock }), when, asking };
}

/**
 * Creates the carrier for questions to resolvers. It connects directly, like the connections that the names are for, and resolves
 * no names over HTTPS itself.
 */
function createAsking(settings: TransportSettings, runtime: TransportRuntime): Carrier {
  const sender = { ...settings.sender, http2: undefined, clientCertificate: undefined };
  if (runtime.sockets !== undefined) {
    // `countConnections` opens a tunnel, which bypasses the proxies of the environment.
    return createCarrier({ ...settings, sender, dns: undefined, countConnections: true }, runtime);
  }
  const own = runtime.createSender(sender);
  return {
    send: (_url, input, init) => own.fetch(input, init, { proxyUrl: false }),
    opened: undefined,
    open: undefined,
    close: () => Promise.resolve(own.close()),
  };
}

/** Opens a tunnel if any option needs it. */
function openTunnel(
  { sender, connectTimeoutMs, countConnections, proxies, clock }: TransportSettings,
  sockets: Sockets,
  dns: Names | undefined,
): Tunnel | undefined {
  const isNeeded = connectTimeoutMs !== undefined || countConnections || proxies !== undefined ||
    dns !== undefined;
  if (!isNeeded) return undefined;
  const dialer = new Dialer({ sockets, clock, connectTimeoutMs, caCerts: sender.caCerts, dns });
  return new Tunnel({ sockets, dialer, clock, proxies: proxies?.addresses ?? [] });
}

function closingToo(carrier: Carrier, { resolver, asking }: Names): Carrier {
  return {
    send: (url, input, init) => carrier.send(url, input, init),
    get opened() {
      return carrier.opened;
    },
    get open() {
      return carrier.open;
    },
    async close() {
      resolver.close();
      await asking.close();
      await carrier.close();
    },
  };
}
