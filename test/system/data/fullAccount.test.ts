import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { callOptionsOf, pathOf } from '../../../client/conformance/sample.ts';
import { eventStreamOf } from '../../../contract/shared/route.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo } from '../../support/app/testApp.ts';
import { type Operation, operations } from '../../support/http/operations.ts';
import { startRouteSuite } from '../../support/http/routeSuite.ts';
import { measuring, reportOf } from '../../support/telemetry/measured.ts';
import { fillAccount } from './fullAccount.ts';

/** On a quiet machine, none takes more than 100 ms. This one does other work too: only what exceeds a limit each time counts. */
const maxHeldMs = 300;
const maxGrownBytes = 64 * 2 ** 20;
const attempts = 4;
/** It asks the provider for its models, and the address of the sample is not allowed. */
const unreachable = 'GET /v1/llm-providers/{provider_id}/available-models';

const { app, owner, good } = await startRouteSuite();
const persona = { persona_key: 'full', version: '1', display_name: 'Full', prompt_md: 'Hello.' };
expect((await app.call('POST', '/v1/personas', { token: owner.token, body: persona })).status).toBe(201);
const full = await fillAccount(app, owner);
const api = await startProcess(
  'api',
  {
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: app.databaseUrl,
    ARKLOOP_STORAGE_ROOT: app.config.storageRoot!,
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
    ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0',
    NODE_OPTIONS: `--import=${measuring}`,
  },
  onFileFinished,
);
const call = callTo(api.url);

type Weight = { operation: string; status: number; heldMs: number; grown: number };

/** Of the full account where the path names what it is full of. */
async function weigh(operation: Operation): Promise<Weight> {
  const { route, title } = operation;
  const sample = await good(operation);
  if (route.method === 'GET') for (const name of Object.keys(sample.params)) sample.params[name] = full[name] ?? sample.params[name]!;
  const path = pathOf(route, sample.params, route.method === 'GET' && wide(operation) ? { ...sample.query, limit: '200' } : sample.query);
  const before = await reportOf(api);
  const { status } = await call(route.method, path, callOptionsOf(sample));
  const { max, peak } = await reportOf(api);
  return { operation: title, status, heldMs: max, grown: peak - before.rss };
}

const wide = ({ route }: Operation) => 'limit' in ((route.query as { shape?: object } | undefined)?.shape ?? {});

const isHeavy = ({ heldMs, grown }: Weight) => heldMs > maxHeldMs || grown > maxGrownBytes;

test('no operation of a full account holds the event loop or fills the memory', async () => {
  const heavy: Weight[] = [];
  // A stream ends with its run, which has no worker here.
  for (const operation of operations.filter(({ route }) => !eventStreamOf(route))) {
    let least: Weight | undefined;
    for (let attempt = 0; attempt < attempts && (!least || isHeavy(least)); attempt++) {
      const weight = await weigh(operation);
      const isGood = weight.operation === unreachable ? weight.status === 502 : weight.status < 400;
      expect([weight.operation, weight.status, isGood]).toEqual([weight.operation, weight.status, true]);
      least = {
        ...weight,
        heldMs: Math.min(weight.heldMs, least?.heldMs ?? Infinity),
        grown: Math.min(weight.grown, least?.grown ?? Infinity),
      };
    }
    if (isHeavy(least!)) heavy.push(least!);
  }
  expect(heavy).toEqual([]);
});

test('what holds the event loop is seen', async () => {
  await reportOf(api);
  api.kill('SIGSTOP');
  await setTimeout(maxHeldMs + 100);
  api.kill('SIGCONT');
  expect((await reportOf(api)).max).toBeGreaterThan(maxHeldMs);
});
