/**
 * Responses whose bodies have gone on without them.
 *
 * @module
 */

const responses = new WeakMap<ReadableStream, Response>();

/**
 * Keeps a response for as long as its body. Node.js cancels a body that has no reader when the response that it came with has been
 * collected, although another response has it by then: that one would look empty.
 *
 * @param response The response.
 */
export function keepWithBody(response: Response): void {
  if (response.body !== null) responses.set(response.body, response);
}
