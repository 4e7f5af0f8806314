/**
 * An https server on this machine that speaks HTTP/2, and knows how many connections its requests came over. Deno only.
 *
 * @module
 */

/** Made for these tests, for 127.0.0.1, and of no use anywhere else. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUZrNYgudFhvV0g3PZ43CkyeOeohIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA2NDMzNFoYDzIxMjYxMDI4
MDY0MzM0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATW1scwOzB3BGB4zoEs9j/CtKzn8/GYhvNY4gFwyoL35UiVcytbt1y9
Am7wuGDOFLskqourDjaECbLclTqAJxLpo2wwajAdBgNVHQ4EFgQU1Zs9ppWtvEpM
TKzcBux8SM8GlvYwHwYDVR0jBBgwFoAU1Zs9ppWtvEpMTKzcBux8SM8GlvYwGgYD
VR0RBBMwEYcEfwAAAYIJbG9jYWxob3N0MAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSAAwRQIhAM6K6VKVFG1+QExJc4CEkRv3hfDr7i+kNDRYOhBUzY9oAiAydGhD
fSnDkc83AV4pFjXFjqa0lkzQ7hzfXwac1/Rp6A==
-----END CERTIFICATE-----
`;

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE7YU2PGx5bqSRwrw
Nv4X+i25hXS4uRaDbT/7uQAKHWOhRANCAATW1scwOzB3BGB4zoEs9j/CtKzn8/GY
hvNY4gFwyoL35UiVcytbt1y9Am7wuGDOFLskqourDjaECbLclTqAJxLp
-----END PRIVATE KEY-----
`;

/** A running server. */
export interface TlsServer extends AsyncDisposable {
  readonly url: string;
  /** The connections that requests have come over. */
  readonly connections: number;
  /** How many requests have come. */
  readonly requests: number;
}

/** Starts a server that answers everything with JSON. */
export function serveTls(): TlsServer {
  const ports = new Set<number>();
  let requests = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: CERTIFICATE, key: KEY, onListen: () => {} },
    (_request, { remoteAddr }) => {
      requests++;
      ports.add(remoteAddr.port);
      return Response.json({ requests });
    },
  );
  return {
    url: `https://127.0.0.1:${server.addr.port}`,
    get connections() {
      return ports.size;
    },
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
