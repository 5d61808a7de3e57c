import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Model, ModelError, type ModelEvent, type ModelRequest } from '../../../server/models/model.ts';
import { openModel, type ResolvedRoute } from '../../../server/models/openModel.ts';
import { createOutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { startVendor, type Vendor } from '../../support/agent/vendor.ts';

/** The API key of every tested route. It must not appear in any output. */
export const apiKey = 'sk-test-0123456789abcdef';

export const outbound = createOutboundClient({ allowLoopbackHttp: true, trustFakeIp: false });

type Limits = { idleTimeoutMs?: number; maxErrorBytes?: number; maxAnswerBytes?: number; maxToolCalls?: number };
type Extra = { advanced_json?: Record<string, unknown>; model?: string };

/** Starts one scripted provider per test file and returns models that call it. */
export function useScriptedProvider() {
  let vendor: Vendor;
  beforeAll(async () => {
    vendor = await startVendor();
  });
  beforeEach(() => {
    vendor.requests.length = 0;
  });
  afterAll(async () => {
    await vendor.close();
  });
  const open = (route: ResolvedRoute, limits: Limits) => openModel(route, { outbound, idleTimeoutMs: 2_000, ...limits });
  return {
    vendor: () => vendor,
    openAi: (openai_api_mode: 'responses' | 'chat_completions' | 'auto' | null, extra: Extra & Limits = {}) =>
      open(
        { provider_kind: 'openai', model: 'gpt-test', api_key: apiKey, base_url: `${vendor.origin}/v1`, openai_api_mode, ...extra },
        extra,
      ),
    anthropic: (extra: Extra & Limits = {}) =>
      open({ provider_kind: 'anthropic', model: 'claude-test', api_key: apiKey, base_url: vendor.origin, ...extra }, extra),
    gemini: (extra: Extra & Limits = {}) =>
      open({ provider_kind: 'gemini', model: 'gemini-2.5-flash', api_key: apiKey, base_url: vendor.origin, ...extra }, extra),
  };
}

export const request = (changes: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: 'user', content: 'Hello' }],
  tools: [],
  reasoning_mode: 'auto',
  ...changes,
});

export const tool = (name: string) => ({
  name,
  description: `Does ${name}`,
  parameters: { type: 'object', properties: { q: { type: 'string' } } },
});

/** Calls a model and collects its events. */
export async function callModel(model: Model, question: ModelRequest = request(), signal = new AbortController().signal) {
  const events: ModelEvent[] = [];
  for await (const event of model.stream(question, signal)) events.push(event);
  return readEvents(events);
}

/** Throws unless the last event is the only finish event. */
function readEvents(events: ModelEvent[]) {
  const finish = events.at(-1);
  if (finish?.type !== 'finish' || events.filter((event) => event.type === 'finish').length !== 1)
    throw new Error('Not exactly one finish, last');
  const texts = events.filter((event) => event.type === 'text');
  const said = (channel?: 'thinking') => texts.filter((event) => event.channel === channel).map((event) => event.text);
  return { events, finish, visible: said().join(''), thinking: said('thinking').join(''), pieces: said() };
}

/** Returns the error of a failing model and the events before it. */
export async function failureOf(model: Model, question: ModelRequest = request()) {
  const events: ModelEvent[] = [];
  try {
    for await (const event of model.stream(question, new AbortController().signal)) events.push(event);
  } catch (error) {
    if (error instanceof ModelError) return { error, events };
    throw error;
  }
  throw new Error('The model did not fail');
}
