/**
 * The simulated CDN as a server on the loopback interface.
 *
 * @module
 */

import { concatenate } from "../http/concatenate.ts";
import type { ListenTcp, TcpServer } from "../runtime/server/contract.ts";
import type { CdnExchange } from "./cdn_exchange.ts";
import { encodeChunk, encodeHead, LAST_CHUNK } from "./http_message.ts";
import { type HttpExchange, serveHttp } from "./http_server.ts";
import type { ResponsePlan } from "./response_plan.ts";
import type { SimulatedMirror } from "./simulated_mirror.ts";

/** The largest body that is sent with the head in one write, in bytes. Up to this size, copying costs less than a second write. */
const MAX_JOINED_BYTES = 16_384;

const decoder = new TextDecoder();

/** Serves one mirror on a port of its own. */
export function serveMirror(mirror: SimulatedMirror, listen: ListenTcp): TcpServer {
  return serveHttp(listen, (http) => handle(http, mirror), mirror);
}

async function handle(http: HttpExchange, mirror: SimulatedMirror): Promise<void> {
  const { method, target, headers, body } = http.request;
  const exchange = mirror.receive({
    method,
    url: target,
    headers: () => headers,
    body: body.length === 0 ? "" : decoder.decode(body),
  });
  http.onGone = () => exchange.cancel(undefined);
  try {
    await respond(http, mirror, exchange);
  } catch (error) {
    // A cancelled exchange means that the client has left, or the CDN was closed; there is no one to answer.
    if (!exchange.isEnded) throw error;
  }
}

async function respond(http: HttpExchange, mirror: SimulatedMirror, exchange: CdnExchange): Promise<void> {
  const { fault, entry } = exchange;
  if (fault?.kind === "refuse") return breakOff(http, exchange, "refused");
  if (entry.latencyMs > 0) await exchange.wait(entry.latencyMs);
  if (fault?.kind === "reset") return breakOff(http, exchange, "reset");
  if (fault?.kind === "stall" && fault.phase === "headers") await exchange.stall();
  const planned = mirror.plan(exchange);
  const plan = planned instanceof Promise ? await exchange.until(planned) : planned;
  exchange.answer(plan);
  await send(http, plan, exchange);
}

function breakOff(http: HttpExchange, exchange: CdnExchange, outcome: "refused" | "reset"): void {
  exchange.end(outcome);
  http.destroy();
}

function headOf(plan: ResponsePlan, http: HttpExchange): Uint8Array {
  const headers = { ...plan.headers };
  if (plan.framing === "chunked" && plan.status !== 204 && plan.status !== 304) {
    headers["transfer-encoding"] = "chunked";
  }
  if (plan.framing === "close" || !http.request.keepAlive) headers.connection = "close";
  return encodeHead(plan.status, headers);
}

async function send(http: HttpExchange, plan: ResponsePlan, exchange: CdnExchange): Promise<void> {
  let unsent: Uint8Array | undefined = headOf(plan, http);
  if (!isSentAtOnce(plan)) {
    await write(http, exchange, unsent);
    unsent = undefined;
  }
  let step = plan.isBodiless ? "complete" : await exchange.nextStep();
  for (; typeof step !== "string"; step = await exchange.nextStep()) {
    const bytes = plan.framing === "chunked" ? encodeChunk(step) : step;
    await write(http, exchange, unsent === undefined ? bytes : concatenate([unsent, bytes]));
    unsent = undefined;
  }
  if (unsent !== undefined) await write(http, exchange, unsent);
  // Close the connection gracefully, so that the sent bytes arrive: after a reset they need not be delivered.
  if (step === "cut" || plan.framing === "close") http.closeAfter();
  else if (plan.framing === "chunked" && !plan.isBodiless) await write(http, exchange, LAST_CHUNK);
  exchange.end(step);
}

/** Whether head and body go out in one write. */
function isSentAtOnce({ ending, bytesPerSecond, body }: ResponsePlan): boolean {
  return ending !== "stall" && bytesPerSecond === Infinity && body.length <= MAX_JOINED_BYTES;
}

/** Sends bytes; cancels the exchange, and throws, if the client has left. */
async function write(http: HttpExchange, exchange: CdnExchange, bytes: Uint8Array): Promise<void> {
  if (!await http.write(bytes)) exchange.cancel(undefined);
  if (exchange.isEnded) throw new Error("The client has left");
}
