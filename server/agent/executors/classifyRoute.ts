import type { RunStep } from '../../../contract/events.ts';
import { ClassifyRouteConfig } from '../../resources/personas/executors.ts';
import type { Prices } from '../cost.ts';
import { RunFailure } from '../failure.ts';
import { pay, type Spent } from '../loop/spending.ts';
import { type Model, ModelError, type ModelMessage, type ModelRequest } from '../model.ts';
import type { Persona } from '../personas.ts';
import { type RetryOptions, streamWithRetry } from '../retry.ts';

export type ClassifyInput = {
  model: Model;
  persona: Pick<Persona, 'prompt' | 'executor_config'>;
  /** The conversation, without a system prompt. */
  messages: readonly ModelMessage[];
  prices: Prices;
  retry: Omit<RetryOptions, 'signal'>;
  signal: AbortSignal;
  spent: Spent;
};

/** How a run continues: as another persona or with another system prompt, and the selector of a model if it changes. */
export type ClassifiedRoute = { route: string; personaId?: string; prompt?: string; model?: string };

/**
 * Ask a model which way a run should go on. The call is hidden: it is no turn and leaves no text, but what it used is spent.
 * Throws `task.classify_route.no_match` when it names no route and there is no default.
 */
export async function* classifyRoute(input: ClassifyInput): AsyncGenerator<RunStep, ClassifiedRoute> {
  const { routes, default_route: otherwise } = ClassifyRouteConfig.parse(input.persona.executor_config);
  const keys = Object.keys(routes);
  const route = namedIn(yield* ask(input, questionOf(input, keys)), keys) ?? otherwise;
  if (route == null)
    throw new RunFailure('task.classify_route.no_match', 'The model chose none of the routes.', { details: { routes: keys } });
  const { persona_id: personaId, prompt_override: prompt, model_override: model } = routes[route]!;
  return { route, ...(personaId && { personaId }), ...(prompt && { prompt }), ...(model && { model }) };
}

const longestAnswer = 64;

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
    max_output_tokens: longestAnswer,
  };
}

/** The end of a conversation, as much as it takes to judge what is asked. */
function transcript(messages: readonly ModelMessage[]): string {
  const spoken = messages.flatMap((message) => (message.role === 'user' || message.role === 'assistant' ? [message] : []));
  return spoken
    .map(({ role, content }) => [role, textOf(content)] as const)
    .filter(([, text]) => text !== '')
    .slice(-6)
    .map(([role, text]) => `${role === 'user' ? 'User' : 'Assistant'}: ${text}`)
    .join('\n\n');
}

const longestMessage = 4_000;
type Content = Extract<ModelMessage, { role: 'user' }>['content'];

function textOf(content: Content): string {
  const text = typeof content === 'string' ? content : content.map((part) => (part.type === 'text' ? part.text : '[image]')).join('\n');
  return text.trim().slice(0, longestMessage).toWellFormed();
}

async function* ask({ model, prices, retry, signal, spent }: ClassifyInput, request: ModelRequest): AsyncGenerator<RunStep, string> {
  let answer = '';
  try {
    for await (const event of streamWithRetry(model, request, { ...retry, signal })) {
      if (event.type === 'retry') {
        const { type: _, usage, ...facts } = event;
        pay(spent, prices, usage);
        yield { type: 'run.llm.retry', data: facts };
      } else if (event.type === 'finish') {
        pay(spent, prices, event.usage, event.cost_usd);
        answer = event.text;
      }
    }
  } catch (error) {
    if (error instanceof ModelError) pay(spent, prices, error.usage);
    throw error;
  }
  return answer;
}

/** The route that an answer is, or else the only one that it mentions; capitals do not matter. */
function namedIn(answer: string, keys: string[]): string | undefined {
  const words = new Set(answer.split(/[^\w.:-]+/).map((word) => word.replace(/^[^a-z0-9]+|[^a-z0-9]+$/gi, '').toLowerCase()));
  const named = keys.filter((key) => words.has(key.toLowerCase()));
  return named.length === 1 ? named[0] : named.find((key) => key === answer.trim());
}
