import type { Cost, RunEventInput, Usage } from '../../contract/events.ts';
import type { Model, ModelEvent, ModelMessage, ModelRequest } from '../models/model.ts';
import { type RetryOptions, streamWithRetry } from '../models/retry.ts';
import { RunFailure } from '../models/runFailure.ts';
import { ClassifyRouteConfig } from '../resources/personas/executors.ts';
import type { Persona } from '../resources/personas/persona.ts';

export type ClassifyInput = {
  model: Model;
  persona: Pick<Persona, 'prompt' | 'executor_config'>;
  /** Without a system prompt. */
  messages: readonly ModelMessage[];
  retry: Omit<RetryOptions, 'signal'>;
  signal: AbortSignal;
};

/**
 * How the run continues: with another persona or system prompt, and with `model` as its model selector if set. `used`
 * is the usage of the choice.
 */
export type ClassifiedRoute = { route: string; personaId?: string; prompt?: string; model?: string; used: { usage?: Usage; cost?: Cost } };

/**
 * Lets a model choose one of the persona's routes. The call is hidden: it is no turn and stores no text. Throws
 * `task.classify_route.no_match` if the answer names no route and the persona has no default route.
 */
export async function* classifyRoute(input: ClassifyInput): AsyncGenerator<RunEventInput, ClassifiedRoute> {
  const { routes, default_route: otherwise } = ClassifyRouteConfig.parse(input.persona.executor_config);
  const keys = Object.keys(routes);
  const answer = yield* ask(input, questionOf(input, keys));
  const route = namedIn(answer?.text ?? '', keys) ?? otherwise;
  if (route == null)
    throw new RunFailure('task.classify_route.no_match', 'The model chose none of the routes.', { details: { routes: keys } });
  const { persona_id: personaId, prompt_override: prompt, model_override: model } = routes[route]!;
  const used = { ...(answer?.usage && { usage: answer.usage }), ...(answer?.cost && { cost: answer.cost }) };
  return { route, ...(personaId && { personaId }), ...(prompt && { prompt }), ...(model && { model }), used };
}

const maxAnswerTokens = 64;

function questionOf({ persona, messages }: ClassifyInput, keys: string[]): ModelRequest {
  const choice = `Answer with exactly one of these words and nothing else: ${keys.join(', ')}.`;
  return {
    messages: [
      { role: 'system', content: `${persona.prompt}\n\n${choice}` },
      { role: 'user', content: `The conversation, which is to be judged and not answered:\n\n${transcript(messages)}\n\n${choice}` },
    ],
    tools: [],
    reasoning_mode: 'none',
    temperature: 0,
    max_output_tokens: maxAnswerTokens,
  };
}

/** The last six texts of the conversation, which is enough to classify it. */
function transcript(messages: readonly ModelMessage[]): string {
  const spoken = messages.flatMap((message) => (message.role === 'user' || message.role === 'assistant' ? [message] : []));
  return spoken
    .map(({ role, content }) => [role, textOf(content)] as const)
    .filter(([, text]) => text !== '')
    .slice(-6)
    .map(([role, text]) => `${role === 'user' ? 'User' : 'Assistant'}: ${text}`)
    .join('\n\n');
}

const maxMessageChars = 4_000;
type Content = Extract<ModelMessage, { role: 'user' }>['content'];

function textOf(content: Content): string {
  const text = typeof content === 'string' ? content : content.map((part) => (part.type === 'text' ? part.text : '[image]')).join('\n');
  return text.trim().slice(0, maxMessageChars).toWellFormed();
}

type Finish = Extract<ModelEvent, { type: 'finish' }>;

async function* ask({ model, retry, signal }: ClassifyInput, request: ModelRequest): AsyncGenerator<RunEventInput, Finish | undefined> {
  let answer: Finish | undefined;
  for await (const event of streamWithRetry(model, request, { ...retry, signal })) {
    if (event.type === 'retry') {
      const { type: _, ...facts } = event;
      yield { type: 'run.llm.retry', data: facts };
    } else if (event.type === 'finish') answer = event;
  }
  return answer;
}

/** Characters of an answer that are searched. The prompt demands one word. */
const maxAnswerChars = 2_000;

/** Returns the route that the answer equals, or else the only route that it mentions. Ignores case. */
function namedIn(answer: string, keys: string[]): string | undefined {
  const parts = answer
    .slice(0, maxAnswerChars)
    .toLowerCase()
    .split(/[^\w.:-]+/);
  // A route name starts and ends with a letter or digit. Strip any other characters that the model put around it.
  const words = new Set(parts.map((part) => /[a-z0-9](?:.*[a-z0-9])?/i.exec(part)?.[0].toLowerCase()));
  const named = keys.filter((key) => words.has(key.toLowerCase()));
  return named.length === 1 ? named[0] : named.find((key) => key === answer.trim());
}
