import { randomBytes } from 'node:crypto';
import { call } from '../bench/people.ts';

/** A user with an account of its own, whose runs use a model server of its own. */
export type Tenant = { login: string; userId: string; accountId: string; token: string };

export const tenantPassword = 'Passw0rd-1';

/** Registers a user, gives the account credits, and makes the model server at `modelUrl` its provider. */
export async function registerTenant(url: string, modelUrl: string, adminToken: string, name: string): Promise<Tenant> {
  const login = `${name}-${randomBytes(5).toString('hex')}`;
  const body = { login, email: `${login}@example.test`, password: tenantPassword };
  const { access_token: token } = await call<{ access_token: string }>(url, 'POST', '/v1/auth/register', undefined, body);
  const me = await call<{ id: string; account_id: string }>(url, 'GET', '/v1/me', token);
  const note = { account_id: me.account_id, amount: 1_000_000, note: 'neighbours' };
  await call(url, 'POST', '/v1/admin/credits/adjust', adminToken, note);
  const provider = {
    name: 'own',
    provider: 'openai',
    api_key: 'sk-neighbours',
    base_url: `${modelUrl}/v1`,
    openai_api_mode: 'chat_completions',
  };
  const { id } = await call<{ id: string }>(url, 'POST', '/v1/llm-providers', token, provider);
  await call(url, 'POST', `/v1/llm-providers/${id}/models`, token, { model: 'm' });
  return { login, userId: me.id, accountId: me.account_id, token };
}
