import type { EvaluatedModel } from './runTasks.ts';

/** A provider that the environment names; undefined without a key. */
export function providerOf(env: NodeJS.ProcessEnv): EvaluatedModel | undefined {
  const { EVAL_PROVIDER: kind = 'openai', EVAL_API_KEY: key, EVAL_MODEL: model, EVAL_BASE_URL: url } = env;
  if (!key) {
    if (model || url) throw new Error('set EVAL_API_KEY to evaluate a provider, to any text if it needs none');
    return undefined;
  }
  if (!model) throw new Error('set EVAL_MODEL to the name of a model');
  const price = (name: string) => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    if (!(Number(text) >= 0)) throw new Error(`${name} must be a number of US dollars per 1,000 tokens`);
    return Number(text);
  };
  return {
    // The server says which providers there are.
    provider: { provider: kind as 'openai', api_key: key, ...(url && { base_url: url }) },
    model: { model, cost_per_1k_input: price('EVAL_COST_PER_1K_INPUT'), cost_per_1k_output: price('EVAL_COST_PER_1K_OUTPUT') },
  };
}

/** The recorded model, at prices of a usual one, so that costs can be compared. */
export const recordedModelAt = (url: string): EvaluatedModel => ({
  provider: { provider: 'openai', api_key: 'none', base_url: url, openai_api_mode: 'chat_completions' },
  model: { model: 'recorded', cost_per_1k_input: 0.001, cost_per_1k_output: 0.008 },
});
