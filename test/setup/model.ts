import { startVendor, type Vendor } from './vendor.ts';
import type { Person, World } from './world.ts';

/** A person whose account has a provider on a scripted vendor server: what a run then asks is answered by the test's script. */
export async function addModel(
  { call }: World,
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
