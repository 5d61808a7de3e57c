import { expect, test } from 'vitest';
import { readConfig } from '../../../server/platform/config/config.ts';
import { createOutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { dispatcherOfTest, endpointWithMessages, type WaitingOptions } from '../../support/resources/receiver.ts';

const fastRetries = { ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02', ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '3' };
const app = await sharedTestApp(fastRetries);

/** The same app with other configuration values. */
const withConfig = (env: Record<string, string>) => ({
  ...app,
  config: readConfig({ ...fastRetries, ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1', ARKLOOP_WORKER_POLL_SECONDS: '0.1', ...env }),
});

const createDelivery = (options?: WaitingOptions) => endpointWithMessages(app, options);

test('a host name is resolved for each attempt, and non-public addresses are not contacted', async () => {
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
  const endpoints = await Promise.all(
    Object.keys(answers).map((name) => createDelivery({ url: `https://${name}/hook`, dispatches: false })),
  );
  dispatcherOfTest(app, { outbound: createOutboundClient({ allowLoopbackHttp: false, trustFakeIp: false, resolve }) });
  const untried = { status: 'failed', attempts: 3, response_status: null, response_body: null };
  for (const { endpoint, ended } of endpoints) {
    const name = new URL(endpoint.url).hostname;
    expect(await ended()).toMatchObject({ ...untried, error: answers[name]!.length > 0 ? 'url_denied' : 'connection_failed' });
    expect(asked.filter((each) => each === name)).toHaveLength(3);
  }
});

test('an accepted URL is checked again for each attempt', async () => {
  const { until, endpoint, ended, receiver } = await createDelivery({ dispatches: false });
  receiver.always(500);
  const first = dispatcherOfTest(withConfig({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '100' }));
  await until(({ attempts }) => attempts === 1);
  await first.shutDown();
  await app.sql('update webhook_deliveries set next_attempt_at = now() where endpoint_id = $1', [endpoint.id]);
  dispatcherOfTest(app, { outbound: createOutboundClient({ allowLoopbackHttp: false, trustFakeIp: false }) });
  expect(await ended()).toMatchObject({ status: 'failed', attempts: 3, error: 'url_denied' });
  expect(receiver.received).toHaveLength(1);
});
