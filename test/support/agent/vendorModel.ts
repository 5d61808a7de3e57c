import type { Person, TestApp } from '../app/testApp.ts';
import { startVendor, type Vendor } from './vendor.ts';

/** Adds a provider and a model to a user's account, served by a scripted vendor. */
export async function addVendorModel(
  { call }: TestApp,
  { token }: Person,
  fields: object = {},
): Promise<Vendor & { providerId: string; modelId: string }> {
  const vendor = await startVendor();
  const provider = await call('POST', '/v1/llm-providers', {
    token,
    body: {
      name: 'vendor',
      provider: 'openai',
      api_key: 'sk-test-canary',
      base_url: `${vendor.origin}/v1`,
      openai_api_mode: 'chat_completions',
    },
  });
  if (provider.status !== 201) throw new Error(`provider: ${provider.status} ${provider.text}`);
  const model = await call('POST', `/v1/llm-providers/${provider.body.id}/models`, { token, body: { model: 'm', ...fields } });
  if (model.status !== 201) throw new Error(`model: ${model.status} ${model.text}`);
  return { ...vendor, providerId: provider.body.id, modelId: model.body.id };
}
