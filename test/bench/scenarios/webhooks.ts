import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { type Figure, median } from '../figures.ts';
import type { BenchOptions } from '../load.ts';
import { call, signUp } from '../people.ts';
import { type SharedSettings, startServer } from '../processes.ts';

const slowMs = 15_000;
const loopback = { ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1' };

/** Webhooks from the queue to a receiver that responds at once: alone, and beside a receiver that takes 15 s per webhook. */
export async function measureWebhooks(shared: SharedSettings, { seconds, rounds }: BenchOptions): Promise<Figure[]> {
  const server = await startServer('all', shared, loopback);
  const database = new pg.Client({ connectionString: shared.databaseUrl });
  await database.connect();
  const instant = await startReceiver((res) => void res.end('ok'));
  const slow = await startReceiver((res) => void setTimeout(() => res.end('ok'), slowMs).unref());
  try {
    const [quickOne, slowOne] = [await register(server.url, instant.url), await register(server.url, slow.url)];
    const count = seconds * 300;
    const dispatch = async () => {
      const all = instant.until(count);
      const began = performance.now();
      await queueMessages(database, quickOne, count);
      await all;
      return (count * 1_000) / (performance.now() - began);
    };
    const alone: number[] = [];
    const beside: number[] = [];
    await dispatch();
    for (let round = 0; round < rounds; round++) {
      alone.push(await dispatch());
      const busy = slow.until(4);
      await queueMessages(database, slowOne, 100);
      await busy;
      beside.push(await dispatch());
      await database.query('delete from webhook_deliveries where endpoint_id = $1', [slowOne]);
    }
    return figuresOf(alone, beside);
  } finally {
    await server.stop();
    await database.end();
    for (const receiver of [instant, slow]) receiver.close();
  }
}

function figuresOf(alone: readonly number[], beside: readonly number[]): Figure[] {
  const figure = { unit: 'webhooks/s', ours: median(beside) };
  return [
    { name: 'webhooks to one receiver that answers at once', unit: 'webhooks/s', ours: median(alone), threshold: { least: 200 } },
    { name: 'the same beside one that takes 15 s for each', ...figure, threshold: { least: 200 } },
    {
      name: 'what the slow one costs the other',
      ...figure,
      yardstick: median(alone),
      threshold: { ratio: 0.7, aim: 0.9 },
      note: 'the yardstick is without it',
    },
  ];
}

/** Starts a server that counts requests. `until` resolves after `count` more requests. */
async function startReceiver(answer: (res: ServerResponse) => void) {
  let left = 0;
  let reached = () => {};
  const server = createServer((req, res) => {
    req.resume().on('end', () => {
      if (--left === 0) reached();
      answer(res);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    until(count: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      [left, reached] = [count, resolve];
      return promise;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function register(serverUrl: string, url: string): Promise<string> {
  const [person] = await signUp(serverUrl, 1);
  const body = { url, events: ['run.completed'] };
  return (await call<{ id: string }>(serverUrl, 'POST', '/v1/webhook-endpoints', person!.token, body)).id;
}

/** Inserts messages as finished runs do: a body of 700 bytes, due now, and one notification to the workers. */
const queueMessages = (database: pg.Client, endpointId: string, count: number) =>
  database.query(
    `with message as (
       insert into webhook_messages (account_id, id, event_type, body)
       select account_id, gen_random_uuid(), 'run.completed', '{"type":"run.completed","data":"' || repeat('x', 670) || '"}'
       from webhook_endpoints, generate_series(1, $2) where id = $1 returning account_id, id, event_type),
     delivery as (
       insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, next_attempt_at)
       select account_id, gen_random_uuid(), $1, id, event_type, now() from message returning id)
     select pg_notify('arkloop_webhooks', '') from (select from delivery limit 1) one`,
    [endpointId, count],
  );
