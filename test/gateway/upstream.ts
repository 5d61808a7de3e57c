import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type Gateway, type GatewayDeps, startGateway } from '../../server/gateway/gateway.ts';
import { readConfig } from '../../server/kernel/config.ts';
import { listener } from '../setup/listener.ts';

/** A small HTTP server in place of the API; ended after the test. */
export async function upstreamOf(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** A gateway in front of `upstream`; ended after the test. */
export async function gatewayTo(upstream: string, env: NodeJS.ProcessEnv = {}, deps: Partial<GatewayDeps> = {}): Promise<Gateway> {
  const config = readConfig({ ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_UPSTREAM: upstream, ...env });
  const gateway = await startGateway({ config, env, log: pino({ level: process.env.TEST_LOG ?? 'silent' }), ...deps });
  onTestFinished(gateway.shutDown);
  return gateway;
}

/** An upstream that tells what reached it. */
export const echo = listener(async (req, res) => {
  const body = await text(req);
  res.setHeader('content-type', 'application/json');
  res.setHeader('set-cookie', ['a=1', 'b=2']);
  res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }));
});

/** Send bytes as they are, and give what comes back until the connection ends. */
export const raw = (address: string, message: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1', () => socket.write(message));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
