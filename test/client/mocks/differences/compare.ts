import { expect } from 'vitest';
import type { Call, HttpResponse } from '../../../../client/conformance/call.ts';
import { createMocks } from '../../../../client/mocks/index.ts';
import type { TestApp } from '../../../support/app/testApp.ts';

/**
 * A request of a scenario. `{name}` in the path and in the body is the ID in an earlier response that was saved under this name, or the token, account or
 * user of a person.
 */
export type Step = readonly [
  who: string,
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: object | undefined,
  saveAs?: string | undefined,
];

const baseUrl = 'https://api.example.test';

/** The calls of a new mock, in the form of those of a test app. */
export function openMock() {
  const mocks = createMocks({ baseUrl });
  const call: Call = async (method, path, { token, body } = {}) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await mocks.fetch(baseUrl + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text), text, headers: response.headers };
  };
  return { call, mocks };
}

/** Status, code and reason of an error, and what is said about which field. Of other responses the body, without what differs every time. */
function outcomeOf({ status, body }: HttpResponse) {
  if (status < 400) return { status, body: withoutChance(body || null) };
  const issues = body.details?.issues?.map(({ location, path, reason }: Record<string, string>) => [location, path, reason]);
  return { status, error: body.error, reason: body.details?.reason, issues };
}

const id = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Keys, secrets, codes, the slugs of personal accounts, and the tokens of invitations and shares. */
const random = /^(als?_|whsec_|personal-|\/s\/|(?=[\w-]{22}$|[\da-f]{64}$|[A-Z\d]{8}$|(?:[A-Z\d]{4}-){3}[A-Z\d]{4}$))[\w+/=-]{4,}$/;

function withoutChance(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutChance);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutChance(each)]));
  if (typeof value !== 'string') return value;
  return id.test(value) ? 'an ID' : time.test(value) ? 'a time' : value.replace(random, '$1…');
}

type Values = Record<string, string>;
const fill = (text: string, values: Values) => text.replaceAll(/\{(\w+)\}/g, (hole, name: string) => values[name] ?? hole);

async function play(call: Call, values: Values, steps: readonly Step[]) {
  const outcomes: object[] = [];
  for (const [who, method, path, body, saveAs] of steps) {
    const token = values[`${who}_token`];
    const answer = await call(method, fill(path, values), {
      ...(token !== undefined && { token }),
      ...(body && { body: JSON.parse(fill(JSON.stringify(body), values)) }),
    });
    outcomes.push({ request: `${who}: ${method} ${path} ${JSON.stringify(body) ?? ''}`, ...outcomeOf(answer) });
    if (saveAs !== undefined) Object.assign(values, { [saveAs]: answer.body.id, [`${saveAs}_token`]: answer.body.key });
  }
  return outcomes;
}

const named = (name: string, { token, accountId, id: userId }: { token: string; accountId: string; id: string }): Values => ({
  [`${name}_token`]: token,
  [`${name}_account`]: accountId,
  [`${name}_user`]: userId,
});

/** Sends the requests of `user` and `admin` to the server and to a mock, and expects the same responses. Returns those of the server. */
export async function expectSameResponses(app: Pick<TestApp, 'call' | 'signUp' | 'signUpAdmin'>, steps: readonly Step[]) {
  const user = await app.signUp();
  const people = { ...named('user', user), ...named('admin', await app.signUpAdmin()) };
  const expected = await play(app.call as Call, people, steps);
  const { call, mocks } = openMock();
  const { accessToken, accountId, userId } = mocks.state.signUp({ isAdmin: true });
  const { login, password, email } = user;
  const { body: registered } = await call('POST', '/v1/auth/register', { body: { login, password, email } });
  const { body: me } = await call('GET', '/v1/me', { token: registered.access_token });
  const copies = {
    ...named('user', { token: registered.access_token, accountId: me.account_id, id: me.id }),
    ...named('admin', { token: accessToken, accountId, id: userId }),
  };
  const outcomes = await play(call, copies, steps);
  expect(outcomes).toEqual(expected);
  return expected as { request: string; status: number; reason?: string }[];
}
