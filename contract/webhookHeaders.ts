const denied = new Set([
  ...['host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings', 'date', 'via'],
  ...['accept-encoding', 'user-agent', 'forwarded', 'x-real-ip', 'signature', 'signature-input'],
  ...['traceparent', 'tracestate', 'baggage', 'x-trace-id'],
]);
const deniedPrefixes = ['content-', 'proxy-', 'sec-', 'webhook-', 'svix-', 'x-arkloop-', 'x-forwarded-'];

/**
 * Whether a webhook endpoint must not set a header, by its name in lowercase: the connection, a proxy or the server sets it, and the receiver trusts it.
 * CGI and WSGI do not distinguish underscores from hyphens.
 */
export function isDeniedHeader(given: string): boolean {
  const name = given.replaceAll('_', '-');
  return denied.has(name) || deniedPrefixes.some((prefix) => name.startsWith(prefix));
}
