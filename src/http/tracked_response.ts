/**
 * A response that says when its body has ended, for whoever holds something as long as it goes on.
 *
 * @module
 */

/**
 * Makes a response like the given one whose body reports its end, wherever it is read: also by a server that it is
 * returned from.
 *
 * @param response The response; it must not be used any more.
 * @param onEnd Called when the body has been read, cancelled, or has broken off; at least once.
 * @returns The response to hand out.
 */
export function trackBody(response: Response, onEnd: () => void): Response {
  if (response.body === null) {
    onEnd();
    return response;
  }
  const constructible = response.status >= 200 && response.status <= 599;
  const tracked = new Response(reportingStream(response.body, onEnd), {
    status: constructible ? response.status : 200,
    statusText: response.statusText,
    headers: response.headers,
  });
  // A constructed response knows none of these.
  const properties: PropertyDescriptorMap = {
    url: { value: response.url },
    redirected: { value: response.redirected },
    type: { value: response.type },
  };
  if (!constructible) {
    properties.status = { value: response.status };
    properties.ok = { value: false };
  }
  return Object.defineProperties(tracked, properties);
}

function reportingStream(body: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      onEnd();
    },
    async cancel(reason) {
      try {
        await reader.cancel(reason);
      } finally {
        onEnd();
      }
    },
  }, { highWaterMark: 0 });
}
