/** The URL of a database at 127.0.0.1 in each world, without a Unix socket: for a proxy on another port. */
export function overTcp(databaseUrl: string): URL {
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.searchParams.delete('host');
  return url;
}
