import { createClient } from '../../../client/index.ts';
import { ask, fail, type Mocks, say, type Script, spend, untilCancelled } from '../../../client/mocks/index.ts';
import type { PlannedRun, Target } from './target.ts';

function scriptOf(step: PlannedRun): Script {
  if ('fail' in step) return () => fail();
  if ('waitAfter' in step)
    return async function* (talk) {
      yield* say(step.waitAfter);
      await untilCancelled(talk);
    };
  return async function* (talk) {
    if (step.ask) yield* ask(talk, step.ask);
    yield* say(step.say);
    yield* spend({ input_tokens: step.inputTokens ?? 11, output_tokens: step.outputTokens ?? 7 });
  };
}

/** Adapts a mock to the suite. */
export const targetOf = (mocks: Mocks, baseUrl: string): Target => ({
  baseUrl,
  plan: async (_client, ...steps) => mocks.plan(...steps.map(scriptOf)),
  verificationToken: async () => 'any',
  async openAdmin() {
    const { accessToken } = mocks.state.signUp({ isAdmin: true });
    return createClient({ baseUrl, accessToken, retryDelayMs: 5 });
  },
});
