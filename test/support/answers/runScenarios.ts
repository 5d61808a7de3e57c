import { asAdmin, post } from '../../../client/conformance/samples/fixtures.ts';
import { openStream } from '../http/events.ts';
import { emptyThreadOf, runOf } from '../samples/runs.ts';
import type { ErrorScenario, RequestChange, ScenarioContext } from './scenario.ts';

const withoutCredits: ErrorScenario = async ({ app, by }) => {
  await app.sql('update credit_balances set balance = 0 where account_id = $1', [by.accountId]);
  return {};
};

/** A key of the same user that has used its credits. */
async function withoutBudget({ app, by }: ScenarioContext): Promise<RequestChange> {
  const body = { name: 'Shop', limits: { credits_total: 1 } };
  const { id, key } = (await app.call('POST', '/v1/api-keys', { token: by.token, body })).body;
  const usage = `insert into api_key_usage (account_id, api_key_id, day, credits) values ($1, $2, (now() at time zone 'utc')::date, 1)`;
  await app.sql(usage, [by.accountId, id]);
  return { token: key };
}

/** A new account with a limit of one concurrent run, which is running. `isSample`: the run is that of the request. */
async function concurrencyLimitReached(scene: ScenarioContext, isSample = false): Promise<RequestChange> {
  const by = await scene.registerUser();
  const sample = await scene.sampleOf(by);
  const body = { account_id: by.accountId, key: 'limit.concurrent_runs', value: '1', value_type: 'integer' };
  await post(asAdmin(scene), '/v1/entitlement-overrides', body);
  if (!isSample) await runOf({ ...scene, by });
  return sample;
}

/** A new account whose only schedule with times left is another one. */
async function scheduleLimitReached(scene: ScenarioContext): Promise<RequestChange> {
  const by = await scene.registerUser();
  const sample = await scene.sampleOf(by);
  await scene.app.sql(`update schedules set status = 'completed', next_run_at = null where account_id = $1`, [by.accountId]);
  await scene.sampleOf(by);
  const body = { account_id: by.accountId, key: 'limit.schedules', value: '1', value_type: 'integer' };
  await post(asAdmin(scene), '/v1/entitlement-overrides', body);
  return sample;
}

async function busy(scene: ScenarioContext): Promise<RequestChange> {
  await post(scene, `/v1/threads/${scene.sample.params.thread_id}/runs`);
  return {};
}

/** A new user with the maximum number of open streams. */
async function streamLimitReached({ app, sampleOf }: ScenarioContext): Promise<RequestChange> {
  const by = await app.signUp();
  const sample = await sampleOf(by);
  const open = () => openStream(app.url, sample.params.run_id!, { token: by.token });
  await Promise.all(Array.from({ length: app.config.maxStreamsPerUser }, open));
  return { ...sample, token: by.token };
}

async function over({ app, sample }: ScenarioContext): Promise<void> {
  await app.sql(`update runs set status = 'completed', completed_at = now() where id = $1`, [sample.params.run_id]);
}

const empty: ErrorScenario = async (scene) => ({ params: { thread_id: await emptyThreadOf(scene) } });

const starting: Record<string, ErrorScenario> = {
  '402 credits_exhausted': withoutCredits,
  '409 thread_busy': busy,
  '429 concurrent_runs_exceeded': concurrencyLimitReached,
};

/** Error scenarios of the run operations. `starting` applies to all that start a run. */
export const runScenarios: Readonly<Record<string, Readonly<Record<string, ErrorScenario>>>> = {
  'runs.continue': starting,
  'runs.create': { ...starting, '409 thread_empty': empty },
  'runs.editMessage': starting,
  'runs.events': {
    204: async (scene) => over(scene).then(() => ({ query: {}, headers: { 'last-event-id': '1000' } })),
    '429 open_streams_exceeded': streamLimitReached,
  },
  'runs.input': {
    '402 key_budget_exhausted': withoutBudget,
    '409 question_closed': async ({ sample }) => ({ body: { ...(sample.body as object), request_id: 'another' } }),
    '409 run_not_active': async (scene) => over(scene).then(() => ({})),
  },
  'runs.replay': {
    '402 credits_exhausted': withoutCredits,
    '409 run_cannot_replay': async ({ app, sample }) => {
      await app.sql('update messages set visible = false where thread_id = (select thread_id from runs where id = $1)', [
        sample.params.run_id,
      ]);
      return {};
    },
    '429 concurrent_runs_exceeded': (scene) => concurrencyLimitReached(scene, true),
  },
  'runs.retry': {
    ...starting,
    '409 nothing_to_retry': empty,
  },
  'schedules.runNow': { '402 credits_exhausted': withoutCredits, '429 concurrent_runs_exceeded': concurrencyLimitReached },
  'schedules.update': { '409 quota_exceeded': scheduleLimitReached },
};
