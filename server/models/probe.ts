import { ModelError } from './model.ts';
import { openModel } from './openModel.ts';
import { openAiBase, type OpenAiRoute, type ProviderDeps, type ResolvedRoute } from './route.ts';
import { createAnswerLimits } from './wire/answerLimits.ts';
import type { HttpCall } from './wire/debugRecorder.ts';
import { redactKey } from './wire/failures.ts';
import { sendRequest } from './wire/sendRequest.ts';

export type Probe = { success: boolean; latency_ms: number; error?: string };

/** Kinds other than `chat` are supported for OpenAI only. */
export type ProbeKind = 'chat' | 'embedding' | 'image';

/** Sends "ping" to a model and waits up to 15 s for an answer. Never throws and never reveals the API key. */
export async function testModel(
  route: ResolvedRoute,
  deps: ProviderDeps & { timeoutMs?: number },
  kind: ProbeKind = 'chat',
): Promise<Probe> {
  const started = performance.now();
  const latency = () => Math.round(performance.now() - started);
  const signal = AbortSignal.timeout(deps.timeoutMs ?? 15_000);
  try {
    await (kind !== 'chat' && route.provider_kind === 'openai' ? askOnce(route, kind, deps, signal) : chatOnce(route, deps, signal));
    return { success: true, latency_ms: latency() };
  } catch (error) {
    const timedOut = signal.aborted ? 'The model did not answer in time.' : undefined;
    const said = error instanceof ModelError ? error.message : 'The model could not be asked.';
    return { success: false, latency_ms: latency(), error: timedOut ?? said };
  }
}

async function chatOnce(route: ResolvedRoute, deps: ProviderDeps, signal: AbortSignal) {
  const messages = [{ role: 'user' as const, content: 'ping' }];
  const answer = openModel(route, deps).stream({ messages, tools: [], reasoning_mode: 'auto', max_output_tokens: 32 }, signal);
  for await (const _ of answer);
}

async function askOnce(route: OpenAiRoute, kind: Exclude<ProbeKind, 'chat'>, deps: ProviderDeps, signal: AbortSignal) {
  const [path, body] = kind === 'embedding' ? ['/embeddings', { input: 'ping' }] : ['/images/generations', { prompt: 'ping', n: 1 }];
  const call: HttpCall = {
    url: `${openAiBase(route.base_url)}${path}`,
    headers: { authorization: `Bearer ${route.api_key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: route.model, ...body }),
  };
  // An image comes in one event.
  const limits = createAnswerLimits(deps, true);
  for await (const _ of sendRequest(call, { vendor: 'openai', deps, limits, redact: redactKey(route.api_key) }, signal));
}
