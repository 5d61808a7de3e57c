import type { ModelRequest } from './model.ts';
import type { ResolvedRoute } from './route.ts';

/** Parameters of a request that the Responses API of OpenAI does not have. */
export const chatOnlyParameters = ({ stop, seed, frequency_penalty, presence_penalty }: ModelRequest): string[] =>
  namesOf({ stop, seed, frequency_penalty, presence_penalty });

/** Parameters of a request that the API of a route does not have. Sending the request would ignore them. */
export function unsupportedParameters(route: ResolvedRoute, request: ModelRequest): string[] {
  if (route.provider_kind === 'openai') return route.openai_api_mode === 'responses' ? chatOnlyParameters(request) : [];
  if (route.provider_kind === 'stub') return [];
  const { seed, frequency_penalty, presence_penalty, json_format: json } = request;
  if (route.provider_kind === 'gemini')
    return [
      // Of the models that are still offered, only these have no penalties.
      ...(/gemini-2\.5(?:-|$)/i.test(route.model) ? namesOf({ frequency_penalty, presence_penalty }) : []),
      ...(request.parallel_tool_calls === false && request.tools.length > 0 ? ['parallel_tool_calls'] : []),
    ];
  return [...namesOf({ seed, frequency_penalty, presence_penalty }), ...(json && !json.schema ? ['response_format'] : [])];
}

const namesOf = (values: Record<string, unknown>) => Object.keys(values).filter((name) => values[name] !== undefined);
