import { OpenApiBuilder, type OpenAPIObject, type OperationObject, type PathItemObject, type ServerObject } from 'openapi3-ts/oas31';
import { OpenAiProblem, Problem } from '../../contract/shared/errors.ts';
import { actionAlias, openApiPath } from '../../contract/shared/path.ts';
import type { Contract } from '../../contract/shared/route.ts';
import { createComponents } from './components.ts';
import { areaDescriptions, introduction, orderedAreasOf } from './descriptions.ts';
import { areaGuideOf } from './guides.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import { addLinks } from './links.ts';
import { aliasOf, operationOf } from './operation.ts';
import { sharedErrorResponses } from './responses.ts';
import { webhooksOf, webhooksTag } from './webhooks.ts';

const servers: readonly ServerObject[] = [
  { url: 'http://localhost:19000', description: 'Gateway' },
  { url: 'http://localhost:19001', description: 'API' },
  {
    url: '{scheme}://{host}',
    description: 'Your installation',
    variables: {
      scheme: { enum: ['https', 'http'], default: 'https', description: '`http` only on a local machine.' },
      host: {
        default: 'arkloop.localhost',
        description: 'The gateway, with its port unless it is the default.',
      },
    },
  },
];

/** The published description of the API (OpenAPI 3.1), derived from the contract alone. */
export function openApi(contract: Contract, version: string): OpenAPIObject {
  const components = createComponents();
  const builder = OpenApiBuilder.create()
    .addInfo({
      title: 'Arkloop API',
      version,
      description: introduction,
      // Without a URL: openapi-generator refuses a relative one here, and an absolute one would name somebody's installation.
      contact: { name: 'Arkloop API maintainers' },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    })
    .addSecurityScheme('accessToken', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token from sign-in.' })
    .addSecurityScheme('apiKey', { type: 'http', scheme: 'bearer', description: 'An API key, `al_…`.' })
    .addSecurityScheme('serviceKey', { type: 'http', scheme: 'bearer', description: 'A service key of the platform, `als_…`.' });

  for (const server of servers) builder.addServer(server);
  components.schemaOf(Problem, 'output');
  components.schemaOf(OpenAiProblem, 'output');
  const paths = new Map<string, PathItemObject>();
  for (const [area, resource] of orderedAreasOf(contract)) {
    const [title, description] = areaDescriptions[area]!;
    builder.addTag({ name: area, description, externalDocs: areaGuideOf(area), 'x-displayName': title });
    for (const [verb, route] of Object.entries(resource)) {
      const operation = operationOf(area, verb, route, components);
      const add = (path: string, item: OperationObject) => paths.set(path, { ...paths.get(path), [route.method.toLowerCase()]: item });
      add(openApiPath(route.path), operation);
      const alias = actionAlias(route.path);
      if (alias) add(alias, aliasOf(operation, route));
    }
  }

  addLinks(paths, contract);
  builder.addTag(webhooksTag);
  for (const [path, item] of paths) builder.addPath(path, item);
  for (const [name, item] of webhooksOf(components)) builder.addWebhook(name, item);
  for (const [name, parameter] of Object.entries(requestHeaders)) builder.addParameter(name, parameter);
  for (const [name, header] of Object.entries(responseHeaders)) builder.addHeader(name, header);
  for (const [name, response] of Object.entries(sharedErrorResponses)) builder.addResponse(name, response);
  for (const [name, model] of components.models) builder.addSchema(name, model);
  return builder.getSpec();
}

/** The same document in OpenAPI 3.2, which can describe a stream as a sequence of events. */
export function openApi32(document: OpenAPIObject): unknown {
  const streams = ({ schema, example }: { schema: unknown; example?: unknown }) => ({
    itemSchema: serverSentEvent(schema),
    ...(example !== undefined && { examples: { event: { serializedValue: example } } }),
  });
  const newer = JSON.parse(JSON.stringify(document), (key, value) => (key === 'text/event-stream' ? streams(value) : value));
  return { ...newer, openapi: '3.2.0' };
}

const serverSentEvent = (contentSchema: unknown) => ({
  type: 'object',
  properties: {
    id: { type: 'string' },
    event: { type: 'string' },
    data: { type: 'string', contentMediaType: 'application/json', contentSchema },
  },
  required: ['id', 'event', 'data'],
});
