/** The URL of an embedded PostgreSQL without its Unix socket, for a proxy on another port. */
export function overTcp(databaseUrl: string): URL {
  const url = new URL(databaseUrl);
  url.searchParams.delete('host');
  return url;
}
