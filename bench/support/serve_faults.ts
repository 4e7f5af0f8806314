/**
 * The service of one scene, in a process of its own. Each contender has its own origins, so that the load of one contender
 * does not affect another. The arguments are the name of the scene and the names of the contenders. The process prints the
 * URLs of each contender's origins as JSON, and exits when its standard input ends.
 *
 * @module
 */

import { type Answer, type Ask, LATENCY_MS, type Origin, type SceneName, SCENES } from "./scenes.ts";

const [scene, ...contenders] = Deno.args;
const { origins } = SCENES[scene as SceneName];
const BODY = JSON.stringify({ ok: true });

/** Opens the origins of one contender; its scene begins with its first request. */
function open(): string[] {
  let startedAt: number | undefined;
  return origins.map((origin) => urlOf(origin, () => performance.now() - (startedAt ??= performance.now())));
}

function urlOf(origin: Origin, elapsed: () => number): string {
  if (origin === "mistyped") return "http://api.exmaple.invalid";
  const port = origin === "dead" ? closedPort() : serve(origin(), elapsed);
  return `http://127.0.0.1:${port}`;
}

/** Returns a port on which a listener was just closed, so that it refuses connections. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function serve(answerOf: (ask: Ask) => Answer, elapsed: () => number): number {
  const tries = new Map<number, number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const id = Number(request.url.slice(request.url.lastIndexOf("/") + 1));
    tries.set(id, (tries.get(id) ?? 0) + 1);
    const answer = answerOf({ id, tries: tries.get(id)!, elapsedMs: elapsed() });
    await new Promise((resolve) => setTimeout(resolve, answer.latencyMs ?? LATENCY_MS));
    return responseOf(answer);
  });
  return server.addr.port;
}

function responseOf({ status, retryAfterSeconds }: Answer): Response {
  const headers = new Headers({ "content-type": "application/json" });
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds));
  return new Response(BODY, { status, headers });
}

console.log(JSON.stringify(Object.fromEntries(contenders.map((contender) => [contender, open()]))));
for await (const _ of Deno.stdin.readable) {
  // The parent process ends this one by closing the pipe, also when the parent dies.
}
Deno.exit();
