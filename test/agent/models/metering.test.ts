import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Usage } from '../../../contract/events.ts';
import { estimateTokens, textTokens } from '../../../server/models/estimate.ts';
import { completeUsage, metered } from '../../../server/models/metering.ts';
import { type CallObserver, type Model, ModelError, type ModelEvent, type ModelRequest } from '../../../server/models/model.ts';

const request: ModelRequest = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'What is the capital of Norway?' },
  ],
  tools: [{ name: 'weather', description: 'Tells the weather of a city.', parameters: { type: 'object' } }],
  reasoning_mode: 'auto',
};
const promptTokens = estimateTokens(request.messages, request.tools);

/** A recording meter. It throws on reservations above `limit` output tokens. */
function recordingMeter(limit = Number.POSITIVE_INFINITY) {
  const charged: Usage[] = [];
  const reserved: Usage[] = [];
  let settled = 0;
  const meter = {
    async reserve(_soFar: Usage, expected: Usage) {
      reserved.push(expected);
      if (expected.output_tokens! > limit) throw new Error('nothing left');
    },
    charge(usage: Usage) {
      charged.push(usage);
      return { currency: 'USD' as const, amount_micros: usage.output_tokens ?? 0 };
    },
    async finishCall() {
      settled++;
    },
  };
  return { meter, charged, reserved, settled: () => settled };
}

type Script = (observer: CallObserver, signal: AbortSignal) => AsyncGenerator<ModelEvent>;
const scripted = (script: Script): Model => ({ stream: (_request, signal, observer) => script(observer!, signal) });
const text = (content: string): ModelEvent => ({ type: 'text', text: content });

/** Reads a metered call to its end, or `until` that many events. */
async function read(script: Script, { limit, signal = new AbortController().signal, until = Number.POSITIVE_INFINITY } = {} as Options) {
  const noted = recordingMeter(limit);
  const events: ModelEvent[] = [];
  let error: unknown;
  try {
    for await (const event of metered(scripted(script), noted.meter).stream(request, signal)) {
      events.push(event);
      if (events.length >= until) break;
    }
  } catch (thrown) {
    error = thrown;
  }
  return { ...noted, events, error };
}
type Options = { limit?: number; signal?: AbortSignal; until?: number };

const estimate = (received: string) => {
  const output_tokens = textTokens(received);
  return { input_tokens: promptTokens, output_tokens, total_tokens: promptTokens + output_tokens, estimated: true };
};

test('a finished call is charged the reported usage, and its finish event contains it', async () => {
  const usage = { input_tokens: 100, output_tokens: 9 };
  const { charged, events, settled } = await read(async function* (observer) {
    observer.onSent();
    yield text('Oslo.');
    yield { type: 'finish', text: 'Oslo.', tool_calls: [], usage };
  });
  expect([charged, settled()]).toEqual([[usage], 1]);
  expect(events.at(-1)).toMatchObject({ type: 'finish', usage, cost: { amount_micros: 9 } });
});

test('without reported usage the prompt and all received text are estimated, including thinking and tool calls', async () => {
  const call = { index: 0, tool_call_id: 'c', tool_name: 'weather' };
  const { charged, events } = await read(async function* () {
    yield { type: 'text', text: 'Let me see. ', channel: 'thinking' };
    yield text('I look. ');
    yield { type: 'tool_delta', ...call, arguments_delta: '{"city":' };
    yield { type: 'tool_delta', index: 0, tool_call_id: 'c', arguments_delta: '"Oslo"}' };
    yield { type: 'finish', text: 'I look. ', tool_calls: [{ id: 'c', name: 'weather', arguments: '{"city":"Oslo"}' }] };
  });
  expect(charged).toEqual([estimate('Let me see. I look. weather{"city":"Oslo"}')]);
  expect(events.at(-1)).toMatchObject({ usage: charged[0] });
});

test.each<[string, number]>([
  ['before the request is sent', 0],
  ['after it is sent', 1],
  ['after the first delta', 2],
])('a call canceled %s is charged the usage up to then', async (_, step) => {
  const cancel = new AbortController();
  const reason = new Error('canceled');
  const { charged, error } = await read(
    async function* (observer, signal) {
      if (step === 0) cancel.abort(reason);
      signal.throwIfAborted();
      observer.onSent();
      if (step === 1) cancel.abort(reason);
      signal.throwIfAborted();
      yield text('Oslo ');
      cancel.abort(reason);
      signal.throwIfAborted();
    },
    { signal: cancel.signal },
  );
  expect(error).toBe(reason);
  expect(charged).toEqual([[], [estimate('')], [estimate('Oslo ')]][step]);
});

test('a run canceled during the reservation sends nothing and is charged nothing', async () => {
  const cancel = new AbortController();
  cancel.abort(new Error('canceled'));
  let asked = false;
  const { charged } = await read(
    async function* () {
      asked = true;
      yield text('x');
    },
    { signal: cancel.signal },
  );
  expect([asked, charged]).toEqual([false, []]);
});

test('a call abandoned by its reader is charged for the text received', async () => {
  const script: Script = async function* () {
    yield text('one ');
    yield text('two ');
    yield text('three');
  };
  expect((await read(script, { until: 2 })).charged).toEqual([estimate('one two ')]);
});

test('a call that fails before the first delta is free; one that breaks off later is charged', async () => {
  const failing = (...before: ModelEvent[]): Script =>
    async function* (observer) {
      observer.onSent();
      yield* before;
      throw new ModelError('provider.retryable', 'no');
    };
  const refused = await read(failing());
  expect([refused.charged, (refused.error as ModelError).usage]).toEqual([[], undefined]);
  const broken = await read(failing(text('half an ')));
  expect(broken.charged).toEqual([estimate('half an ')]);
  expect(broken.error).toMatchObject({ usage: broken.charged[0], cost: { currency: 'USD' } });
});

test('usage reported before the end counts for the prompt, and for the output only if larger than the estimate', async () => {
  const { charged } = await read(async function* (observer) {
    observer.onSent();
    observer.onUsage({ input_tokens: 20, output_tokens: 1, cache_read_input_tokens: 40 });
    yield text('a b c d e f g h i j k l m n o p q r s t u v w x y z');
    throw new ModelError('provider.retryable', 'cut');
  });
  const output_tokens = textTokens('a b c d e f g h i j k l m n o p q r s t u v w x y z');
  expect(output_tokens).toBeGreaterThan(1);
  expect(charged).toMatchObject([{ input_tokens: 20, cache_read_input_tokens: 40, output_tokens, estimated: true }]);
});

test('the rejected request before a fallback to another API mode is not charged', async () => {
  const cancel = new AbortController();
  const { charged } = await read(
    async function* (observer, signal) {
      observer.onSent();
      yield { type: 'fallback', from_api_mode: 'responses', to_api_mode: 'chat_completions', reason: 'responses_not_supported' };
      cancel.abort(new Error('canceled'));
      signal.throwIfAborted();
    },
    { signal: cancel.signal },
  );
  expect(charged).toEqual([]);
});

test('the reservation grows with the answer, and the call is stopped if it fails', async () => {
  const long: Script = async function* () {
    for (let n = 0; n < 10_000; n++) yield text(`word${n} `);
  };
  const { charged, reserved, error, events } = await read(long, { limit: 5_000 });
  expect(error).toMatchObject({ message: 'nothing left' });
  const steps = reserved.map(({ output_tokens }) => output_tokens!);
  expect(steps.length).toBeGreaterThan(3);
  for (const [at, step] of steps.slice(1).entries()) expect(step - steps[at]!).toBeLessThan(2 * 1_024);
  expect(charged).toHaveLength(1);
  // Less than one reservation step (1,024 tokens) is received beyond the last reservation.
  expect(charged[0]!.output_tokens).toBeLessThan(steps.at(-2)! + 1_024);
  expect(events.length).toBeLessThan(10_000);
});

test('the reservation never exceeds the output limit of the request', async () => {
  const noted = recordingMeter();
  const model = scripted(async function* () {
    yield { type: 'finish', text: 'x', tool_calls: [] };
  });
  for await (const _ of metered(model, noted.meter).stream({ ...request, max_output_tokens: 64 }, new AbortController().signal));
  expect(noted.reserved).toEqual([{ input_tokens: promptTokens, output_tokens: 64 }]);
});

const ending = fc.constantFrom('finish', 'model error', 'canceled', 'abandoned', 'other error');
const step = fc.oneof(
  fc.string().filter((each) => each !== ''),
  fc.constant({ input_tokens: 3, output_tokens: 1 }),
);

test('a call with output is charged exactly once and at least for the text received, however it ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), ending, async (steps, end) => {
      const cancel = new AbortController();
      const said = steps.filter((each) => typeof each === 'string');
      const { charged } = await read(
        async function* (observer, signal) {
          observer.onSent();
          for (const each of steps) {
            if (typeof each === 'string') yield text(each);
            else observer.onUsage(each);
          }
          if (end === 'canceled') cancel.abort(new Error('canceled'));
          signal.throwIfAborted();
          if (end === 'model error') throw new ModelError('provider.retryable', 'no');
          if (end === 'other error') throw new Error('unforeseen');
          yield { type: 'finish', text: said.join(''), tool_calls: [] };
        },
        { signal: cancel.signal, until: end === 'abandoned' ? Math.max(1, said.length) : Number.POSITIVE_INFINITY },
      );
      expect(charged).toHaveLength(1);
      if (end !== 'finish' && end !== 'abandoned') expect(charged[0]!.output_tokens).toBeGreaterThanOrEqual(textTokens(said.join('')));
    }),
  );
});

test.each<[Usage | undefined, boolean, Usage]>([
  [undefined, true, { input_tokens: 50, output_tokens: 7, total_tokens: 57, estimated: true }],
  [{}, true, { input_tokens: 50, output_tokens: 7, total_tokens: 57, estimated: true }],
  [{ input_tokens: 0, output_tokens: 0 }, true, { input_tokens: 50, output_tokens: 7, total_tokens: 57, estimated: true }],
  [{ input_tokens: 60, output_tokens: 3 }, true, { input_tokens: 60, output_tokens: 3 }],
  [{ input_tokens: 60, output_tokens: 3 }, false, { input_tokens: 60, output_tokens: 7, total_tokens: 67, estimated: true }],
  [{ input_tokens: 60, output_tokens: 9 }, false, { input_tokens: 60, output_tokens: 9 }],
  [{ input_tokens: 60 }, true, { input_tokens: 60, output_tokens: 7, total_tokens: 67, estimated: true }],
  [{ output_tokens: 9 }, true, { input_tokens: 50, output_tokens: 9, total_tokens: 59, estimated: true }],
])('reported usage %j with isWhole %j is completed to %j', (reported, isWhole, expected) => {
  expect(completeUsage(reported, { promptTokens: 50, outputTokens: 7, isWhole })).toEqual(expected);
});
