import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The base URL of a vendor that offers these models. */
export async function catalogueOf(...ids: string[]): Promise<string> {
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: ids.map((id) => ({ id })) }));
  });
  // It must not keep a test from ending.
  server.unref();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
