import type {
  ChatCompletionChunk,
  chatCompletions as completionRoutes,
  chatModels as modelRoutes,
} from '../../../contract/chatCompletions.ts';
import { jsonLine } from '../../../contract/shared/text.ts';
import { type Context, RawBody, type RouteHandlers } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { resourceType } from '../resourceTypes.ts';

const providerKind = resourceType('/v1/llm-providers');

type Provider = { name: string; account_id: string | null; models: { model: string; show_in_picker: boolean }[] };

/** The stub model of a server without providers, and the models that were added. */
function modelsOf({ engine, caller }: Pick<Context<(typeof modelRoutes)['list']>, 'engine' | 'caller'>) {
  const providers = engine.state
    .rows(providerKind, ({ value }) => value.account_id === null || value.account_id === caller.accountId)
    .map(({ value }) => value as unknown as Provider);
  const added = providers.flatMap(({ name, models }) => models.map(({ model }) => ({ id: model, owned_by: name })));
  const all = [...added, { id: 'stub', owned_by: 'arkloop' }];
  return all.map(({ id, owned_by }) => ({ id, object: 'model' as const, created: 0, owned_by }));
}

const modelNotFound = (model: string) =>
  apiError('not_found', 'model_not_found', `There is no model '${model}' that this account can use. GET /v1/models lists the models.`);

export const chatModels: RouteHandlers<typeof modelRoutes> = {
  list: (context) => ({ status: 200, body: { object: 'list', data: modelsOf(context) } }),
  get: (context) => {
    const { model } = context.params;
    const found = modelsOf(context).find(({ id }) => id === model);
    if (!found) throw modelNotFound(model);
    return { status: 200, body: found };
  },
};

const words = ['This ', 'is ', 'a ', 'mock.'];
const usage = { prompt_tokens: 8, completion_tokens: 4, total_tokens: 12, prompt_tokens_details: { cached_tokens: 0 } };
const data = (value: object | string) => `data: ${typeof value === 'string' ? value : jsonLine(value)}\n\n`;

export const chatCompletions: RouteHandlers<typeof completionRoutes> = {
  create: (context) => {
    const { engine, body } = context;
    const known = modelsOf(context).find(({ id }) => id === body.model.slice(body.model.indexOf('^') + 1));
    if (!known) throw modelNotFound(body.model);
    const head = {
      id: `chatcmpl-${engine.fakes.id(engine.now())}`,
      created: Math.floor(Date.parse(engine.time()) / 1_000),
      model: known.id,
    };
    if (!body.stream)
      return {
        status: 200,
        body: {
          ...head,
          object: 'chat.completion',
          choices: [
            {
              index: 0,
              message: { role: 'assistant', content: words.join(''), refusal: null },
              finish_reason: 'stop',
              logprobs: null,
            },
          ],
          usage,
        },
      };
    const withUsage = body.stream_options?.include_usage === true;
    const chunk = (choices: ChatCompletionChunk['choices'], used: typeof usage | null = null): ChatCompletionChunk => ({
      ...head,
      object: 'chat.completion.chunk',
      choices,
      ...(withUsage && { usage: used }),
    });
    const piece = (delta: ChatCompletionChunk['choices'][number]['delta'], finish_reason: 'stop' | null = null) =>
      chunk([{ index: 0, delta, finish_reason, logprobs: null }]);
    const chunks = [piece({ role: 'assistant', content: '' }), ...words.map((content) => piece({ content })), piece({}, 'stop')];
    const events = [...chunks, ...(withUsage ? [chunk([], usage)] : []), '[DONE]'];
    return { status: 200, body: new RawBody(events.map(data).join(''), 'text/event-stream; charset=utf-8') };
  },
};
