import { expect, test } from 'vitest';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectSameResponses, type Step } from './compare.ts';

const app = await startTestApp();

const unknownId = '0198c0de-0000-7000-8000-00000000000f';
const account = '/v1/accounts/{user_account}';
const endpoint = { url: 'nowhere', events: ['run.completed'] };
const credential = { name: 'c', provider: 'openai', api_key: 'sk-1', model: 'm', base_url: 'nowhere' };

const provider = { name: 'p', provider: 'anthropic', api_key: 'sk-1' };
const ask = { model: 'stub', messages: [{ role: 'user', content: 'Hi' }] };
const tool = { type: 'function', function: { name: 'look' } };

/** Bodies that the schemas accept. */
const requests: [method: Step[1], path: string, body?: object][] = [
  ['POST', '/v1/threads', { title: 'half \ud800' }],
  ['POST', '/v1/projects', { name: '\u0000' }],
  ['POST', '/v1/projects', { name: 'p', team_id: unknownId }],
  ['PATCH', account, { timezone: 'Somewhere' }],
  ['PATCH', account, { timezone: 'Europe/Porto' }],
  ['PATCH', '/v1/me', { locale: 'no locale' }],
  ['POST', `${account}/invitations`, { email: 'nobody', role: 'member' }],
  ['POST', '/v1/api-keys', { name: 'k', scopes: ['data.threads.read', 'nothing'] }],
  ['POST', '/v1/asr-credentials', credential],
  ['POST', '/v1/webhook-endpoints', endpoint],
  ['POST', '/v1/webhook-endpoints', { ...endpoint, url: 'http://example.com' }],
  ['POST', '/v1/schedules', { name: 's', cron: '0 9 * * *', timezone: 'Somewhere', input: 'Hi' }],
  ['POST', '/v1/schedules', { name: 's', cron: 'every day', timezone: 'UTC', input: 'Hi' }],
  ['GET', '/v1/schedules/preview?cron=0%209%20*%20*&timezone=UTC'],
  ['POST', '/v1/webhook-endpoints', { ...endpoint, url: '' }],
  ['POST', '/v1/teams/{team}/members', { user_id: unknownId, role: 'member' }],
  ['POST', '/v1/llm-providers', { ...provider, openai_api_mode: 'responses' }],
  ['POST', '/v1/llm-providers', { ...provider, base_url: 'nowhere' }],
  ['POST', '/v1/chat/completions', { ...ask, model: 'missing' }],
  ['POST', '/v1/chat/completions', { ...ask, model: 'missing', stream_options: { include_usage: true } }],
  ['POST', '/v1/chat/completions', { ...ask, tools: [tool, tool] }],
  // Both contradictions are reported.
  ['POST', '/v1/chat/completions', { ...ask, tool_choice: 'required', stream_options: { include_usage: true } }],
  ['POST', '/v1/chat/completions', { ...ask, tools: [tool], tool_choice: { type: 'function', function: { name: 'other' } } }],
  ['POST', '/v1/chat/completions', { ...ask, response_format: { type: 'json_schema' } }],
  ['POST', '/v1/chat/completions', { ...ask, messages: [{ role: 'tool', tool_call_id: 'c', content: '' }] }],
  ['POST', '/v1/auth/passkey/options', { challenge_token: 'unknown' }],
  ['POST', '/v1/me/passkeys/options', { current_password: 'wrong' }],
  ['POST', '/v1/me/passkeys/options', {}],
  ['POST', '/v1/me/confirmation/options'],
  ['POST', '/v1/me/second-factor/confirm', { code: '123456' }],
  ['POST', '/v1/me/second-factor/recovery-codes', { code: '123456' }],
  ['POST', '/v1/me/second-factor/disable', { current_password: 'wrong', code: '123456' }],
  ['POST', '/v1/me/second-factor/disable', { current_password: null, code: '123456' }],
  ['POST', '/v1/me/second-factor/setup', { current_password: 'wrong' }],
  // After the changes above the account is still a personal one.
  ['PATCH', account, { name: 'Mine' }],
  ['PATCH', `${account}/members/{user_user}`, { role: 'member' }],
];

test('the mock rejects what the services of the server reject, for the same reason', async () => {
  const steps = requests.map(([method, path, given]): Step => ['user', method, path, given]);
  const outcomes = await expectSameResponses(app, [['user', 'POST', '/v1/teams', { name: 'T' }, 'team'], ...steps]);
  expect(outcomes).toContainEqual(expect.objectContaining({ reason: 'personal_account' }));
  const contradictions = ['/stream_options', '/tool_choice'].map((path) => ['body', path, 'inconsistent_values']);
  expect(outcomes).toContainEqual(expect.objectContaining({ issues: contradictions }));
});
