import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, register } from 'prom-client';

/** Serve `/metrics` in the text format of Prometheus, on an address of its own: it is for operators, not for callers of the API. */
export async function openMetrics({ host, port }: { host: string; port: number }): Promise<{ address: string; shutDown(): Promise<void> }> {
  collectDefaultMetrics();
  const server = createServer(async (req, res) => {
    if (req.url !== '/metrics') return void res.writeHead(404).end();
    res.writeHead(200, { 'content-type': register.contentType }).end(await register.metrics());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { address, port: actual } = server.address() as AddressInfo;
  return {
    address: `http://${address}:${actual}/metrics`,
    async shutDown() {
      server.close();
      server.closeAllConnections();
    },
  };
}
