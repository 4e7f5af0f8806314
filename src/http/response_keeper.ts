/**
 * Keeps responses alive whose bodies another response has taken over.
 *
 * @module
 */

const responses = new WeakMap<ReadableStream, Response>();

/**
 * Keeps a response alive for as long as its body. When Node.js collects a response, it cancels the response's body if that has no
 * reader, even if another response has taken the body over: the other response would then look empty.
 *
 * @param response The response.
 */
export function keepWithBody(response: Response): void {
  if (response.body !== null) responses.set(response.body, response);
}
