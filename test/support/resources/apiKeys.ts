import type { Person, TestApp } from '../app/testApp.ts';

/** Creates an API key of a user. Without `scopes`, it has the permissions of the user. */
export async function createKey({ call }: Pick<TestApp, 'call'>, { token }: Pick<Person, 'token'>, scopes?: readonly string[]) {
  const answer = await call('POST', '/v1/api-keys', { token, body: { name: 'agent', ...(scopes && { scopes }) } });
  if (answer.status !== 201) throw new Error(`key: ${answer.status} ${answer.text}`);
  return { key: answer.body.key as string, keyId: answer.body.id as string };
}

/** Creates a service key. Its rate is the highest, so that tests of many routes do not reach it. */
export async function createServiceKey({ call }: Pick<TestApp, 'call'>, { token }: Pick<Person, 'token'>, scopes: readonly string[]) {
  const body = { name: 'service', scopes, requests_per_minute: 10_000 };
  const answer = await call('POST', '/v1/admin/service-keys', { token, body });
  if (answer.status !== 201) throw new Error(`service key: ${answer.status} ${answer.text}`);
  return { secret: answer.body.key as string, id: answer.body.id as string };
}
