/** Returns URLs of one host that end in the numbers from 0. */
export function numberedUrls(count: number, host = "a.test"): string[] {
  return Array.from({ length: count }, (_, number) => `https://${host}/${number}`);
}
