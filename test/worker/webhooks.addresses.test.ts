import { expect, test } from 'vitest';
import { readConfig } from '../../server/kernel/config.ts';
import { createOutbound } from '../../server/kernel/outbound.ts';
import { dispatcherOfTest, type WaitingOptions, waitingAt } from '../setup/receiver.ts';
import { startWorld } from '../setup/world.ts';

const quick = { ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02', ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '3' };
const world = await startWorld(quick, { worker: false });

/** The same installation with other numbers. */
const slower = (env: Record<string, string>) => ({
  ...world,
  config: readConfig({ ...quick, ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1', ARKLOOP_WORKER_POLL_SECONDS: '0.1', ...env }),
});

const waiting = (options?: WaitingOptions) => waitingAt(world, options);

test('a name is resolved for every attempt, and never contacted with an address that is not public', async () => {
  const answers: Record<string, string[]> = {
    'inside.example': ['10.0.0.1'],
    'both.example': ['93.184.216.34', '127.0.0.1'],
    'mapped.example': ['::ffff:127.0.0.1'],
    'metadata.example': ['169.254.169.254'],
    'unknown.example': [],
  };
  const asked: string[] = [];
  const resolve = async (name: string) => {
    asked.push(name);
    return answers[name]!;
  };
  const endpoints = await Promise.all(Object.keys(answers).map((name) => waiting({ url: `https://${name}/hook`, dispatches: false })));
  dispatcherOfTest(world, { outbound: createOutbound({ allowLoopbackHttp: false, trustFakeIp: false, resolve }) });
  const untried = { status: 'failed', attempts: 3, response_status: null, response_body: null };
  for (const { endpoint, ended } of endpoints) {
    const name = new URL(endpoint.url).hostname;
    expect(await ended()).toMatchObject({ ...untried, error: answers[name]!.length > 0 ? 'url_denied' : 'connection_failed' });
    expect(asked.filter((each) => each === name)).toHaveLength(3);
  }
});

test('what was admitted when it was registered is asked again at every attempt', async () => {
  const { until, endpoint, ended, receiver } = await waiting({ dispatches: false });
  receiver.always(500);
  const first = dispatcherOfTest(slower({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '100' }));
  await until(({ attempts }) => attempts === 1);
  await first.shutDown();
  await world.sql('update webhook_deliveries set next_attempt_at = now() where endpoint_id = $1', [endpoint.id]);
  dispatcherOfTest(world, { outbound: createOutbound({ allowLoopbackHttp: false, trustFakeIp: false }) });
  expect(await ended()).toMatchObject({ status: 'failed', attempts: 3, error: 'url_denied' });
  expect(receiver.received).toHaveLength(1);
});
