import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import type { Database } from '../../../server/database/sql.ts';
import { type Keyring, keyringOf } from '../../../server/platform/crypto/keyring.ts';
import type { Keys } from '../../../server/platform/crypto/keys.ts';
import { seal } from '../../../server/platform/crypto/seal.ts';
import { metricsEvents } from '../../../server/platform/telemetry/metricsEvents.ts';
import { startWorker } from '../../../server/processes/worker.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { chat, startVendor } from '../../support/agent/vendor.ts';
import { startTestApp, testKeys, testSecrets } from '../../support/app/testApp.ts';
import { readAll } from '../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { startMailServer } from '../../support/resources/mail.ts';
import { endpointWithMessages } from '../../support/resources/receiver.ts';

const [mailServer, vendor] = [
  await startMailServer({
    onAuth: ({ username, password }, _session, done) => done(password === 'sesame' ? null : new Error('wrong'), { user: username }),
  }),
  await startVendor(),
];
const app = await startTestApp({ ...mailServer.env, ARKLOOP_SMTP_TLS_MODE: 'none' }, { worker: false });
afterAll(async () => void (await Promise.all([mailServer.close(), vendor.close()])));

const wrongKeys = { ...testKeys, encryptionKeys: keyringOf([Buffer.alloc(32, 8)], { namesKeys: true }) };
const lines: { msg: string }[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
const left: string[] = [];
afterAll(metricsEvents.workLeft.on((work) => void left.push(work)));

function startWorkerWith(keys: Keys, { database }: { database: Database } = app) {
  const { config, env, databaseUrl } = app;
  return startWorker({ config, env, keys, database, databaseUrl, log });
}
const jobsOf = (task: string) =>
  app.sql(
    `select j.attempts, j.payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
     where t.identifier = $1`,
    [task],
  );
const failuresOf = async (id: string) =>
  (await app.sql('select consecutive_failures from webhook_endpoints where id = $1', [id]))[0].consecutive_failures;

async function routedRun() {
  const owner = await app.signUp();
  const provider = await addProvider(app, owner, { base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions' });
  const { id: route_id } = await addModel(app, owner, provider);
  return { owner, id: await startRun(app, owner, await openThread(app, owner), { route_id }) };
}

test('a worker that cannot open stored values leaves mail, webhooks and runs to others, and no attempt is counted', async () => {
  const { endpoint, list, ended } = await endpointWithMessages(app, { dispatches: false });
  const { owner, id: runId } = await routedRun();
  vendor.respondWith(chat.answer('Hi'));
  const wrong = await startWorkerWith(wrongKeys);
  await eventually(async () => new Set(left).size === 3 && left.filter((work) => work === 'run').length > 1, 'all work was left');
  await wrong.shutDown();
  expect(lines.filter(({ msg }) => msg.includes('leaves the work to others'))).toHaveLength(1);
  const mails = await jobsOf('email.send');
  expect(mails.length).toBeGreaterThan(0);
  expect(mails.map(({ attempts }) => attempts)).toEqual(mails.map(() => 0));
  expect(await jobsOf('run.execute')).toMatchObject([{ attempts: 0 }]);
  expect(await list()).toMatchObject([{ status: 'pending', attempts: 0, error: 'secret_unreadable' }]);
  expect(await failuresOf(endpoint.id)).toBe(0);
  expect(mailServer.received).toEqual([]);

  const right = await startWorkerWith(testKeys);
  expect((await readAll(app.url, runId, owner.token)).at(-1)?.type).toBe('run.completed');
  expect(await ended()).toMatchObject({ status: 'delivered', attempts: 1 });
  await eventually(async () => mailServer.received.length === mails.length, 'the mail');
  await right.shutDown();
});

test('what no process can open ends with the reason, and not at the expense of the endpoint', async () => {
  const { endpoint, person, ended } = await endpointWithMessages(app, { dispatches: false });
  await app.sql(`update webhook_deliveries set created_at = now() - interval '25 hours' where account_id = $1`, [person.accountId]);
  const { owner, id: runId } = await routedRun();
  await app.sql(`update graphile_worker._private_jobs set payload = jsonb_set(payload::jsonb, '{left}', '14') where key = $1`, [
    `run:${runId}`,
  ]);
  const wrong = await startWorkerWith(wrongKeys);
  expect((await readAll(app.url, runId, owner.token)).at(-1)).toMatchObject({
    type: 'run.failed',
    data: { error_class: 'config.invalid', message: expect.stringContaining('cannot be read') },
  });
  expect(await ended()).toMatchObject({ status: 'failed', attempts: 0, error: 'secret_unreadable' });
  expect(await failuresOf(endpoint.id)).toBe(0);
  await wrong.shutDown();
});

test('mail waits for a worker that can open the password of the mail server, and no attempt is counted', async () => {
  const secret = Buffer.alloc(32, 9);
  const { keys } = keyringOf([secret], { namesKeys: true });
  const sealed = seal({ keys, namesKeys: true }, 'sesame', 'platform_setting:email.smtp_pass').toString('base64');
  await app.sql(`insert into platform_settings (key, value) values ('email.smtp_user', '"robot"'), ('email.smtp_pass', $1)`, [
    JSON.stringify({ sealed }),
  ]);
  const [begin, { length: leftBefore }] = [mailServer.received.length, left];
  await app.signUp();
  // Each has a cache of settings of its own, as in another process.
  const workerWith = async (encryptionKeys: Keyring) => {
    const database = openDatabase(app.databaseUrl, { max: 8, log, applicationName: 'another worker' });
    const worker = await startWorkerWith({ ...testKeys, encryptionKeys }, { database });
    return async () => void (await worker.shutDown(), await database.close());
  };
  const endWrong = await workerWith(testKeys.encryptionKeys);
  await eventually(async () => left.length > leftBefore, 'the mail was left');
  await endWrong();
  const mails = await jobsOf('email.send');
  expect(mails.length).toBeGreaterThan(0);
  expect(mails.map(({ attempts }) => attempts)).toEqual(mails.map(() => 0));
  expect(mailServer.received).toHaveLength(begin);

  const endRight = await workerWith(keyringOf([testSecrets.encryptionKey, secret]));
  await eventually(async () => mailServer.received.length === begin + mails.length, 'the mail');
  expect(mailServer.received.at(-1)).toMatchObject({ user: 'robot' });
  await endRight();
});
