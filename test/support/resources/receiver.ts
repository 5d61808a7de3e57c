import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { OutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { createOutboundFromConfig } from '../../../server/platform/outbound/outboundFromConfig.ts';
import { type DispatcherDeps, startDispatcher } from '../../../server/resources/webhooks/sending/dispatcher.ts';
import { listener } from '../app/listener.ts';
import { type Person, type TestApp, testKeys } from '../app/testApp.ts';
import { createTestLog } from '../failures/serverErrors.ts';
import { eventually } from './conversation.ts';

/** A received request with its raw body. */
export type Received = { path: string; headers: IncomingHttpHeaders; body: string; at: number };
type Behaviour = number | ((res: ServerResponse, received: Received) => void);

/** A webhook receiver, on a free port by default. Returns the scripted responses in order, then 200. */
async function startReceiver(port = 0) {
  const received: Received[] = [];
  const scripted: Behaviour[] = [];
  let usual: Behaviour = 200;
  const inFlight = { now: 0, most: 0 };
  const server = createServer(
    listener(async (req, res) => {
      inFlight.most = Math.max(inFlight.most, ++inFlight.now);
      res.on('close', () => inFlight.now--);
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      const one = { path: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks).toString(), at: Date.now() };
      received.push(one);
      const behaviour = scripted.shift() ?? usual;
      if (typeof behaviour === 'number') res.writeHead(behaviour).end('ok');
      else behaviour(res, one);
    }),
  );
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received,
    inFlight,
    answers: (...list: Behaviour[]) => void scripted.push(...list),
    always(behaviour: Behaviour) {
      usual = behaviour;
    },
    close,
  };
}
export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

/** Closed when the test ends. */
export async function receiverOfTest(port?: number): Promise<Receiver> {
  const receiver = await startReceiver(port);
  onTestFinished(receiver.close);
  return receiver;
}

export type Endpoint = { id: string; signing_secret: string; url: string };

/** Registers an endpoint for all run events. */
export async function registerEndpoint({ call }: TestApp, { token }: Person, url: string): Promise<Endpoint> {
  const events = ['run.completed', 'run.failed', 'run.cancelled'];
  const answer = await call('POST', '/v1/webhook-endpoints', { token, body: { url, events } });
  if (answer.status !== 201) throw new Error(`endpoint: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** Queues `count` messages for an endpoint, due now, as finished runs do. */
export const queueMessages = ({ sql }: TestApp, { accountId }: Person, endpointId: string, count: number) =>
  sql(
    `with message as (
       insert into webhook_messages (account_id, id, event_type, body)
       select $1, gen_random_uuid(), 'run.completed', '{"type":"run.completed","data":{"trace_id":"' || repeat('a', 32) || '"}}'
       from generate_series(1, $3) returning id, event_type)
     insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, next_attempt_at)
     select $1, gen_random_uuid(), $2, id, event_type, now() from message`,
    [accountId, endpointId, count],
  );

/** The deliveries to an endpoint, oldest first. */
export const deliveriesOf = async ({ call }: TestApp, { token }: Person, endpointId: string, query = 'limit=200'): Promise<any[]> =>
  (await call('GET', `/v1/webhook-endpoints/${endpointId}/deliveries?${query}`, { token })).body.toReversed();

/** Starts the webhook dispatcher without the rest of a worker. Stopped when the test ends. */
export function dispatcherOfTest({ config, database }: TestApp, own: Partial<DispatcherDeps> & { outbound?: OutboundClient } = {}) {
  const outbound = own.outbound ?? createOutboundFromConfig(config);
  const deps = { config, keys: testKeys, database, log: createTestLog(), ...own, outbound };
  const dispatcher = startDispatcher(deps);
  onTestFinished(async () => {
    await dispatcher.shutDown();
    await outbound.close();
  });
  return dispatcher;
}

export type WaitingOptions = { url?: string; count?: number; dispatches?: boolean };

/** An endpoint with queued messages and, unless `dispatches` is false, a dispatcher. */
export async function endpointWithMessages(app: TestApp, { url, count = 1, dispatches = true }: WaitingOptions = {}) {
  const person = await app.signUp();
  const receiver = await receiverOfTest();
  const endpoint = await registerEndpoint(app, person, url ?? receiver.url);
  await queueMessages(app, person, endpoint.id, count);
  if (dispatches) dispatcherOfTest(app);
  const list = () => deliveriesOf(app, person, endpoint.id);
  const until = (holds: (delivery: any) => boolean, ms?: number): Promise<any> =>
    eventually(async () => (await list()).find(holds), 'what the delivery was to become', ms);
  const ended = (ms?: number) => until(({ status }) => status !== 'pending', ms);
  return { person, receiver, endpoint, list, until, ended };
}
