import { expect, test } from 'vitest';
import type { RunEventInput, Usage } from '../../../contract/events.ts';
import { classifyRoute } from '../../../server/agent/classifyRoute.ts';
import { addCallUsage, type UsageTotals } from '../../../server/agent/loop/usageTotals.ts';
import { metered } from '../../../server/models/metering.ts';
import type { ModelMessage } from '../../../server/models/model.ts';
import { useScriptedProvider } from '../../agent/models/support.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';

const { vendor, openAi } = useScriptedProvider();
const routes = { quick: { prompt_override: 'Be quick.' }, deep: { prompt_override: 'Be deep.', model_override: 'x^y' } };
const prices = { cost_per_1k_input: 1, cost_per_1k_output: 1, cost_per_1k_cache_write: null, cost_per_1k_cache_read: null };

type More = { messages?: ModelMessage[]; signal?: AbortSignal };

/** Runs the classifier with a scripted model. Returns the chosen route or error, the emitted steps and the usage. */
async function classify(script: ScriptedResponse[], executor_config: Record<string, unknown> = { routes }, more: More = {}) {
  vendor().respondWith(...script);
  const spent: UsageTotals = { usage: undefined, cost: '0' };
  const steps: RunEventInput[] = [];
  const charge = (usage: Usage, costUsd?: string) => addCallUsage(spent, prices, usage, costUsd);
  const going = classifyRoute({
    model: metered(openAi('chat_completions'), { reserve: async () => {}, charge, finishCall: async () => {} }),
    persona: { prompt: 'Choose well.', executor_config },
    messages: [{ role: 'user', content: 'Prove it.' }],
    retry: { maxAttempts: 2, baseDelayMs: 1 },
    signal: new AbortController().signal,
    ...more,
  });
  const result = (async () => {
    for (;;) {
      const { done, value } = await going.next();
      if (done) return value;
      steps.push(value);
    }
  })();
  const [outcome] = await Promise.allSettled([result]);
  const { used, ...chosen } = outcome.status === 'fulfilled' ? outcome.value : { used: undefined };
  const error = outcome.status === 'rejected' ? outcome.reason : undefined;
  return { chosen: error ? undefined : chosen, used, error, steps, spent };
}
const answer = (text: string) => [chat.answer(text)];
const deep = { route: 'deep', prompt: 'Be deep.', model: 'x^y' };

test('the classifier sends the routes and the text of the conversation, emits no events, and counts its usage', async () => {
  const messages: ModelMessage[] = [
    { role: 'user', content: 'First.' },
    { role: 'assistant', content: '', tool_calls: [{ id: 'c', name: 't', arguments: '{}' }] },
    { role: 'tool', tool_call_id: 'c', tool_name: 't', content: 'secret result' },
    { role: 'assistant', content: 'Second.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Third.' },
        { type: 'image', mime_type: 'image/png', data: 'AAAA' },
      ],
    },
  ];
  const { chosen, used, steps, spent } = await classify(answer('deep'), { routes }, { messages });
  expect([chosen, steps]).toEqual([deep, []]);
  expect(spent).toMatchObject({ usage: { input_tokens: 11, output_tokens: 7 } });
  expect(used).toEqual({ usage: spent.usage, cost: { currency: 'USD', amount_micros: Number(spent.cost) * 1e6 } });
  expect(Number(spent.cost)).toBeGreaterThan(0);
  const [{ body }] = vendor().requests as unknown as [{ body: { messages: { content: string }[]; tools?: unknown } }];
  expect(body.messages).toHaveLength(2);
  expect(body.messages[0]!.content).toMatch(/^Choose well\.\n\n.*quick, deep\.$/);
  expect(body.messages[1]!.content).toContain('User: First.\n\nAssistant: Second.\n\nUser: Third.\n[image]');
  expect(JSON.stringify(body)).not.toMatch(/secret result|"tools"/);
});

test.each([
  ['deep', deep],
  [' "DEEP".\n', deep],
  ['The best route is **deep**.', deep],
  ['quick', { route: 'quick', prompt: 'Be quick.' }],
])('%j selects a route', async (text, expected) => {
  expect((await classify(answer(text))).chosen).toEqual(expected);
});

test.each(['', 'neither', 'deep or quick', 'deeper', 'toString'])(
  '%j selects no route: uses the default or fails the run',
  async (text) => {
    expect((await classify(answer(text), { routes, default_route: 'deep' })).chosen).toEqual(deep);
    const { error, spent } = await classify(answer(text));
    expect(error).toMatchObject({ errorClass: 'task.classify_route.no_match', resumable: false });
    expect(spent.usage).toMatchObject({ output_tokens: 7 });
  },
);

test('a busy model is retried; a failed one fails the run, even with a default', async () => {
  const busy = chat.failure(503, { message: 'busy' });
  const again = await classify([busy, chat.answer('deep')]);
  expect([again.chosen, again.steps.map(({ type }) => type)]).toEqual([deep, ['run.llm.retry']]);
  const { error } = await classify([busy, busy], { routes, default_route: 'deep' });
  expect(error).toMatchObject({ errorClass: 'provider.retryable' });
});

test('a cancelled run does not wait for the classifier', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('cancelled')), 50);
  const { error } = await classify([{ steps: [chat.text('d'), 'stall'] }], { routes, default_route: 'deep' }, { signal: abort.signal });
  expect(error).toMatchObject({ message: 'cancelled' });
});
