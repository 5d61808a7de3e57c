import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { listener } from '../app/listener.ts';
import { type Item, itemsIn, type OtlpPath } from './otlp.ts';

/** Keeps what is exported to it, until it is closed. `answer` replaces the answers, such as with one that never comes. */
export async function openCollector(answer?: RequestListener) {
  const received: { path: OtlpPath; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const accept: RequestListener = (_req, res) => res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  const server = createServer(
    listener(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      received.push({
        path: req.url as OtlpPath,
        headers: req.headers,
        body: req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body,
      });
      (answer ?? accept)(req, res);
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  const items = (path: OtlpPath): Item[] => received.filter((each) => each.path === path).flatMap(({ body }) => itemsIn(path, body));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    spans: () => items('/v1/traces'),
    metrics: () => items('/v1/metrics'),
    logs: () => items('/v1/logs'),
    close,
  };
}
