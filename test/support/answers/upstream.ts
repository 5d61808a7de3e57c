import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Starts a fake vendor that lists these models and returns its base URL. */
export async function startModelCatalog(...ids: string[]): Promise<string> {
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: ids.map((id) => ({ id })) }));
  });
  // Must not keep the test process alive.
  server.unref();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
