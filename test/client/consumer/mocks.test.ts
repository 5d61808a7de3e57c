import { setupServer } from 'msw/node';
import { afterAll } from 'vitest';
import { createMocks } from '../../../client/mocks/index.ts';
import { startMockServer } from '../../../client/mocks/standalone/server.ts';
import { targetOf } from './plans.ts';
import { describeConsumer } from './suite.ts';

const baseUrl = 'http://api.example.test/prefix';
const mocks = createMocks({ baseUrl, stepMs: 1, onWebhook: fetch, webhookRetryMs: 20 });
const server = setupServer(...mocks.handlers);
server.listen({ onUnhandledFrame: 'bypass' });
const standalone = await startMockServer(0, { stepMs: 1, webhookRetryMs: 20 });
afterAll(async () => {
  server.close();
  await standalone.close();
});

describeConsumer('the handlers of the mock', targetOf(mocks, baseUrl));
describeConsumer('the mock as a server of its own', targetOf(standalone.mocks, standalone.address));
