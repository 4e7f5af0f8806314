import type { Client, ClientEvent } from "../../mod.ts";

/** Resolves with the next event of a type, or the n-th from now on. */
export function nextEvent<T extends ClientEvent["type"]>(
  client: Client,
  type: T,
  count = 1,
): Promise<Extract<ClientEvent, { readonly type: T }>> {
  const { promise, resolve } = Promise.withResolvers<Extract<ClientEvent, { readonly type: T }>>();
  let left = count;
  const listening = client.on((event) => {
    if (event.type !== type || --left > 0) return;
    listening[Symbol.dispose]();
    resolve(event as Extract<ClientEvent, { readonly type: T }>);
  });
  return promise;
}
