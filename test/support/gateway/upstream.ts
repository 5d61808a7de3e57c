import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { GatewayOptions } from '../../../server/gateway/dependencies.ts';
import { type Gateway, startGateway } from '../../../server/gateway/gateway.ts';
import { readConfig } from '../../../server/platform/config/config.ts';
import { listener } from '../app/listener.ts';
import { createTestLog } from '../failures/serverErrors.ts';

/** Starts an HTTP server in place of the API. Stopped after the test. */
export async function startUpstream(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** Starts a gateway in front of `upstream`. Stopped after the test. */
export async function startGatewayTo(upstream: string, env: NodeJS.ProcessEnv = {}, deps: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const config = readConfig({ ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_UPSTREAM: upstream, ...env });
  const gateway = await startGateway({ config, env, log: createTestLog(), ...deps });
  onTestFinished(gateway.shutDown);
  return gateway;
}

/** An upstream that returns the request as JSON. */
export const echo = listener(async (req, res) => {
  const body = await text(req);
  res.setHeader('content-type', 'application/json');
  res.setHeader('set-cookie', ['a=1', 'b=2']);
  res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }));
});

/** Sends raw bytes and returns what is received until the connection closes. */
export const sendRaw = (address: string, message: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1', () => socket.write(message));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
