/** URLs of one host, which differ by a number from 0 on. */
export function numberedUrls(count: number, host = "a.test"): string[] {
  return Array.from({ length: count }, (_, number) => `https://${host}/${number}`);
}
