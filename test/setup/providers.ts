import type { Person, World } from './world.ts';

/** The key of every provider that a test makes: it must not turn up anywhere. */
export const secretKey = 'sk-secret-4f9c2a71b8d05e63';

type Fields = Record<string, unknown>;

/** Adds a provider through the API; `scope: 'platform'` in the fields makes it one of the platform. */
export async function addProvider({ call }: World, { token }: Person, fields: Fields = {}) {
  const body = { name: 'Upstream', provider: 'openai', api_key: secretKey, ...fields };
  const answer = await call('POST', '/v1/llm-providers', { token, body });
  if (answer.status !== 201) throw new Error(`provider: ${answer.status} ${answer.text}`);
  return answer.body as Fields & { id: string };
}

/** Adds a model under a provider through the API. */
export async function addModel({ call }: World, { token }: Person, provider: Fields, fields: Fields = {}) {
  const path = `/v1/llm-providers/${provider.id}/models?scope=${provider.scope}`;
  const answer = await call('POST', path, { token, body: { model: 'gpt-test', ...fields } });
  if (answer.status !== 201) throw new Error(`model: ${answer.status} ${answer.text}`);
  return answer.body as Fields & { id: string };
}
