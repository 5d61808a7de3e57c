import type { Person, TestApp } from '../app/testApp.ts';

/** The API key of all test providers. It must not appear in any output. */
export const providerApiKey = 'sk-secret-4f9c2a71b8d05e63';

type Fields = Record<string, unknown>;

/** `scope: 'platform'` in `fields` creates a platform provider. */
export async function addProvider({ call }: TestApp, { token }: Person, fields: Fields = {}) {
  const body = { name: 'Upstream', provider: 'openai', api_key: providerApiKey, ...fields };
  const answer = await call('POST', '/v1/llm-providers', { token, body });
  if (answer.status !== 201) throw new Error(`provider: ${answer.status} ${answer.text}`);
  return answer.body as Fields & { id: string };
}

export async function addModel({ call }: TestApp, { token }: Person, provider: Fields, fields: Fields = {}) {
  const path = `/v1/llm-providers/${provider.id}/models?scope=${provider.scope}`;
  const answer = await call('POST', path, { token, body: { model: 'gpt-test', ...fields } });
  if (answer.status !== 201) throw new Error(`model: ${answer.status} ${answer.text}`);
  return answer.body as Fields & { id: string };
}
