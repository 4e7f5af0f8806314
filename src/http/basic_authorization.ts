/**
 * Basic authentication.
 *
 * @module
 */

/**
 * Returns the value of `authorization` or `proxy-authorization` for basic authentication (RFC 7617), in UTF-8.
 *
 * @param userInfo The user name and the password, with a colon between them.
 * @returns The value.
 */
export function basicAuthorization(userInfo: string): string {
  const bytes = new TextEncoder().encode(userInfo);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}
