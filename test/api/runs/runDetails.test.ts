import { randomUUID } from 'node:crypto';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { noFreeTierPolicy } from '../../support/credits/credits.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
const { call, sql, signUp, promote } = app;
const platformAdmin = await signUp();
beforeAll(async () => {
  await promote(platformAdmin);
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
});

const details = (id: string, { token } = platformAdmin) => call('GET', `/v1/admin/runs/${id}`, { token });
const auditEntriesOf = (id: string) =>
  sql(`select account_id, actor_user_id, target_type from audit_logs where action = 'admin.run_view' and target_id = $1`, [id]);

/** A conversation with a scripted model, priced so that runs cost credits. */
async function openConversation(script: Parameters<typeof openScriptedThread>[1]) {
  const talk = await openScriptedThread(app, { model: { cost_per_1k_input: 3, cost_per_1k_output: 15 }, ...script });
  onTestFinished(talk.vendor.close);
  return talk;
}

test('run details have usage, prompt and event counts, and each read is audited in the account', async () => {
  const persona = { tool_allowlist: ['echo', 'noop'], model: 'vendor^m' };
  const script = [callsTools(['echo', { text: 'Hi' }, 'a'], ['noop', '', 'b']), chat.answer('Done.')];
  const talk = await openConversation({ persona, script, message: 'What is new?' });
  const { runId, events } = await talk.run();
  const own = (await call('GET', `/v1/runs/${runId}`, { token: talk.token })).body;
  const [debit] = await sql(`select -amount as credits from credit_transactions where reference_type = 'run' and reference_id = $1`, [
    runId,
  ]);
  expect(debit.credits).toBeGreaterThan(0);
  const answer = await details(runId);
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      run_id: runId,
      account_id: talk.accountId,
      thread_id: talk.threadId,
      status: 'completed',
      model: 'm',
      persona_id: talk.personaId,
      provider_kind: 'openai',
      credential_name: 'vendor',
      persona_model: 'vendor^m',
      duration_ms: own.duration_ms,
      total_input_tokens: own.total_input_tokens,
      total_output_tokens: own.total_output_tokens,
      total_cost_usd: own.total_cost_usd,
      usage_estimated: false,
      credits_used: debit.credits,
      created_at: own.created_at,
      completed_at: own.completed_at,
      failed_at: null,
      cancelled_at: null,
      created_by_user_id: talk.id,
      created_by_user_name: talk.login,
      created_by_email: talk.email,
      user_prompt: 'What is new?',
      events_stats: { total: events.length, llm_turns: 2, tool_calls: 2, provider_fallbacks: 0 },
      children: [],
      total_aggregate: null,
    },
  ]);
  expect([own.total_input_tokens, own.total_cost_usd].every((value) => value > 0)).toBe(true);
  await details(runId);
  const entry = { account_id: talk.accountId, actor_user_id: platformAdmin.id, target_type: 'run' };
  expect(await auditEntriesOf(runId)).toEqual([entry, entry]);
  expect(JSON.stringify(await sql('select * from audit_logs where target_id = $1', [runId]))).not.toContain('What is new?');
});

test('the user prompt of a run is that of its start, and later, hidden or edited messages do not change it', async () => {
  const talk = await openConversation({ message: 'One' });
  const ask = async (path: string, method: string, body?: object) => {
    talk.vendor.respondWith(chat.answer('Done.'));
    const { run_id: id } = (await call(method, path, { token: talk.token, body })).body;
    await talk.follow(id).then(({ ended }) => ended);
    return id as string;
  };
  const thread = `/v1/threads/${talk.threadId}`;
  const prompts = async (ids: string[]) => Promise.all(ids.map(async (id) => (await details(id)).body.user_prompt));
  const first = await ask(`${thread}/runs`, 'POST', {});
  await talk.say('Two');
  const second = await ask(`${thread}/runs`, 'POST', {});
  const third = await ask(`${thread}:retry`, 'POST', {});
  expect(await prompts([first, second, third])).toEqual(['One', 'Two', 'Two']);
  const [message] = (await call('GET', `${thread}/messages`, { token: talk.token })).body;
  const fourth = await ask(`${thread}/messages/${message.id}`, 'PATCH', { content: 'One, again' });
  expect(await prompts([second, third, fourth])).toEqual(['Two', 'Two', 'One, again']);
  await talk.say('Three');
  expect(await prompts([fourth])).toEqual(['One, again']);
});

test('unknown values are null', async () => {
  await app.stopWorker();
  const person = await signUp();
  const run = await startRun(app, person, await openThread(app, person), { model: 'vendor^big' });
  expect((await details(run)).body).toMatchObject({
    status: 'running',
    model: 'vendor^big',
    persona_id: null,
    provider_kind: null,
    credential_name: null,
    persona_model: null,
    duration_ms: null,
    total_input_tokens: null,
    total_output_tokens: null,
    total_cost_usd: null,
    credits_used: null,
    completed_at: null,
    user_prompt: 'Hello!',
    events_stats: { total: 1, llm_turns: 0, tool_calls: 0, provider_fallbacks: 0 },
  });
  const emptied = await openThread(app, person);
  const unprompted = await startRun(app, person, emptied);
  await sql('delete from messages where thread_id = $1', [emptied]);
  expect((await details(unprompted)).body.user_prompt).toBeNull();
});

test('child runs are listed by creation time, and totals include them', async () => {
  const person = await signUp();
  const run = await startRun(app, person, await openThread(app, person));
  const end = (id: string, tokens: number, cost: string) =>
    sql(
      `update runs set status = 'completed', completed_at = created_at + interval '2 s', total_input_tokens = $2, total_output_tokens = 1, total_cost_usd = $3
       where id = $1`,
      [id, tokens, cost],
    );
  const addChild = async (parent: string, age: string) => {
    const id = randomUUID();
    await sql(
      `insert into runs (account_id, id, thread_id, parent_run_id, created_by_user_id, source, trace_id, tail_message_number, created_at)
       select account_id, $1, thread_id, id, created_by_user_id, 'subagent', trace_id, tail_message_number, now() - $3::interval from runs where id = $2`,
      [id, parent, age],
    );
    return id;
  };
  const [younger, elder] = [await addChild(run, '1 s'), await addChild(run, '1 hour')];
  const grandchild = await addChild(elder, '1 minute');
  await end(run, 100, '0.1');
  await end(elder, 20, '0.2');
  await sql(
    `insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, metadata)
     select $1, gen_random_uuid(), 'debit', -7, 'run', id, '{}' from unnest($2::uuid[]) id`,
    [person.accountId, [run, elder]],
  );
  await sql(
    `insert into run_events (run_id, seq, event_id, type, data, created_at) select $1, n, gen_random_uuid(), 'run.provider_fallback', '{}', now()
     from generate_series(2, 4) n`,
    [run],
  );
  const { body } = await details(run);
  const used = { total_input_tokens: 20, total_output_tokens: 1, total_cost_usd: 0.2, credits_used: 7, duration_ms: 2_000 };
  expect(body.children).toMatchObject([
    { run_id: elder, parent_run_id: run, status: 'completed', ...used },
    { run_id: younger, parent_run_id: run, status: 'running', total_input_tokens: null, total_cost_usd: null, credits_used: null },
  ]);
  // 0.1 + 0.2, rounded to six decimals.
  expect(body.total_aggregate).toEqual({ total_input_tokens: 120, total_output_tokens: 2, total_cost_usd: 0.3, credits_used: 14 });
  expect(body.events_stats).toEqual({ total: 4, llm_turns: 0, tool_calls: 0, provider_fallbacks: 3 });
  expect((await details(elder)).body.children.map(({ run_id: id }: { run_id: string }) => id)).toEqual([grandchild]);
});

test('an unknown run returns 404, other users get 403, and neither is audited as a view', async () => {
  const person = await signUp();
  const run = await startRun(app, person, await openThread(app, person));
  const unknown = randomUUID();
  expect((await details(unknown)).status).toBe(404);
  expect(statusAndReason(await details(run, person))).toEqual([403, 'missing_permission']);
  expect([await auditEntriesOf(unknown), await auditEntriesOf(run)]).toEqual([[], []]);
  await call('DELETE', `/v1/threads/${(await details(run)).body.thread_id}`, { token: person.token });
  expect((await details(run)).body).toMatchObject({ run_id: run, status: 'cancelled' });
});
