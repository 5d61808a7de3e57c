import { expect, test } from 'vitest';
import type { Call, HttpResponse } from '../../../client/conformance/call.ts';
import { createMocks } from '../../../client/mocks/index.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const baseUrl = 'https://api.example.test';
const { mocks, send } = openMock();
const app = await startTestApp();

function openMock() {
  const opened = createMocks({ baseUrl });
  const call: Call = async (method, path, { token, body } = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await opened.fetch(baseUrl + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text), text, headers: response.headers };
  };
  return { mocks: opened, send: call };
}

const unknownId = '0198c0de-0000-7000-8000-00000000000f';
const account = '/v1/accounts/{account}';
const endpoint = { url: 'nowhere', events: ['run.completed'] };
const credential = { name: 'c', provider: 'openai', api_key: 'sk-1', model: 'm', base_url: 'nowhere' };

/** Bodies that the schemas accept. */
const requests: [method: string, path: string, body?: object][] = [
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
  // After the changes above the account is still a personal one.
  ['PATCH', account, { name: 'Mine' }],
  ['PATCH', `${account}/members/{user}`, { role: 'member' }],
];

/** Status, code, reason, and what is said about which field. */
const outcomeOf = ({ status, body }: HttpResponse) => ({
  status,
  error: body.error,
  reason: body.details?.reason,
  issues: body.details?.issues?.map(({ path, reason }: { path: string; reason?: string }) => [path, reason]),
});

async function answersOf(call: Call, { token, ...ids }: { token: string; account: string; user: string }) {
  const { body: team } = await call('POST', '/v1/teams', { token, body: { name: 'T' } });
  const values: Record<string, string> = { ...ids, team: team.id };
  const answers: [string, object | undefined, object][] = [];
  for (const [method, path, body] of requests) {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name]!);
    answers.push([`${method} ${path}`, body, outcomeOf(await call(method, filled, { token, body }))]);
  }
  return answers;
}

test('the mock rejects what the services of the server reject, for the same reason', async () => {
  const person = await app.signUp();
  const visitor = mocks.state.signUp();
  const expected = await answersOf(app.call, { token: person.token, account: person.accountId, user: person.id });
  expect(await answersOf(send, { token: visitor.accessToken, account: visitor.accountId, user: visitor.userId })).toEqual(expected);
  expect(expected.map(([, , outcome]) => outcome)).toContainEqual(expect.objectContaining({ reason: 'personal_account' }));
});
