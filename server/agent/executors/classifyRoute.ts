import type { Cost, RunStep, Usage } from '../../../contract/events.ts';
import { ClassifyRouteConfig } from '../../resources/personas/executors.ts';
import { RunFailure } from '../failure.ts';
import type { Model, ModelEvent, ModelMessage, ModelRequest } from '../model.ts';
import type { Persona } from '../personas.ts';
import { type RetryOptions, streamWithRetry } from '../retry.ts';

export type ClassifyInput = {
  /** A metered model: see `metered`. */
  model: Model;
  persona: Pick<Persona, 'prompt' | 'executor_config'>;
  /** The conversation, without a system prompt. */
  messages: readonly ModelMessage[];
  retry: Omit<RetryOptions, 'signal'>;
  signal: AbortSignal;
};

/** How a run continues: as another persona or with another system prompt, the selector of a model if it changes, and what the choice used. */
export type ClassifiedRoute = { route: string; personaId?: string; prompt?: string; model?: string; used: { usage?: Usage; cost?: Cost } };

/**
 * Ask a model which way a run should go on. The call is hidden: it is no turn and leaves no text.
 * Throws `task.classify_route.no_match` when it names no route and there is no default.
 */
export async function* classifyRoute(input: ClassifyInput): AsyncGenerator<RunStep, ClassifiedRoute> {
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

type Finish = Extract<ModelEvent, { type: 'finish' }>;

async function* ask({ model, retry, signal }: ClassifyInput, request: ModelRequest): AsyncGenerator<RunStep, Finish | undefined> {
  let answer: Finish | undefined;
  for await (const event of streamWithRetry(model, request, { ...retry, signal })) {
    if (event.type === 'retry') {
      const { type: _, ...facts } = event;
      yield { type: 'run.llm.retry', data: facts };
    } else if (event.type === 'finish') answer = event;
  }
  return answer;
}

/** Characters of an answer that are looked at; the model is asked for one word. */
const maxAnswerChars = 2_000;

/** The route that an answer is, or else the only one that it mentions; capitals do not matter. */
function namedIn(answer: string, keys: string[]): string | undefined {
  const parts = answer
    .slice(0, maxAnswerChars)
    .toLowerCase()
    .split(/[^\w.:-]+/);
  // A name begins and ends with a letter or a digit; what else the model put around it is dropped.
  const words = new Set(parts.map((part) => /[a-z0-9](?:.*[a-z0-9])?/i.exec(part)?.[0].toLowerCase()));
  const named = keys.filter((key) => words.has(key.toLowerCase()));
  return named.length === 1 ? named[0] : named.find((key) => key === answer.trim());
}
