import type {
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  ReferenceObject,
  RequestBodyObject,
  SecurityRequirementObject,
} from 'openapi3-ts/oas31';
import { z } from 'zod';
import { deprecationIn, deprecationKeywords, describeDeprecation } from '../../contract/deprecation.ts';
import { Id } from '../../contract/shared/fields.ts';
import { hasAccountInPath } from '../../contract/shared/input.ts';
import { openApiPath, paramNames, pathsOf } from '../../contract/shared/path.ts';
import { isIdempotent, type Policy, type RequiredPermission, serviceScopesOf } from '../../contract/shared/policy.ts';
import { describeQuota } from '../../contract/shared/quotas.ts';
import type { Contract, Route, Schema } from '../../contract/shared/route.ts';
import { type Components, isAlwaysRejected, isOptional } from './components.ts';
import { pathParameterDescriptions } from './descriptions.ts';
import { operationGuideOf } from './guides.ts';
import { requestHeaders } from './headers.ts';
import { responsesOf } from './responses.ts';

const security: Record<Policy['auth'], SecurityRequirementObject[]> = {
  public: [],
  user: [{ accessToken: [] }],
  platform: [{ accessToken: [] }],
  'user+key': [{ accessToken: [] }, { apiKey: [] }],
};

/** The required credential in one sentence. */
const credentialText: Record<Policy['auth'], string> = {
  public: 'No credential is required.',
  user: 'Requires an access token. API keys are rejected.',
  platform: 'Requires an access token of a platform admin.',
  'user+key': 'Requires an access token or an API key.',
};

/** `threads` and `create` as `threadsCreate`. */
export const operationIdOf = (area: string, verb: string) => `${area}${verb[0]!.toUpperCase()}${verb.slice(1)}`;

/** The operations of a document with their routes: one for each route, and one for the alias of each action. */
export function* operationsIn({ paths = {} }: OpenAPIObject, contract: Contract) {
  for (const [area, resource] of Object.entries(contract))
    for (const [verb, route] of Object.entries(resource))
      for (const path of pathsOf(route.path))
        yield { area, verb, route, operation: paths[openApiPath(path)]![route.method.toLowerCase() as 'get']! };
}

/** The same operation at the alias of its path. */
export const aliasOf = (operation: OperationObject, { method, path }: Route): OperationObject => ({
  ...operation,
  operationId: `${operation.operationId}Alias`,
  summary: `${operation.summary} (alias)`,
  description: `The same operation as \`${method} ${path}\`, for clients that read the part after the colon as a part of the parameter.`,
  'x-alias-of': operation.operationId,
});

/** The query parameters of a route in order, without those that are always rejected. */
export const queryOf = (route: Route): [name: string, schema: Schema][] =>
  Object.entries(route.query?._zod.def.shape ?? {}).filter(([, schema]) => !isAlwaysRejected(schema));

/** The schema of a path parameter: an ID unless the route declares otherwise. */
export const pathParamOf = (route: Route, name: string): Schema => route.pathParams?._zod.def.shape[name] ?? Id;

/** Whether the body can be omitted, which is the same as `{}`. A PATCH requires its body if the body has any fields. */
export const isBodyOptional = ({ method, body }: Route) =>
  body !== undefined && body !== null && (method !== 'PATCH' || isFieldless(body)) && z.safeParse(body, {}).success;

const isFieldless = (body: Schema) => body instanceof z.ZodObject && Object.keys(body.shape).length === 0;

export function operationOf(area: string, verb: string, route: Route, components: Components): OperationObject {
  const operationId = operationIdOf(area, verb);
  const demand = requiredPermissionOf(route.metadata);
  const { auditOnRead, audit = auditOnRead, auth, exempt, quota } = route.metadata;
  const permission = demand && `Permission: ${formatPermission(demand)}${exempt ? ` (or ${exempt})` : ''}.`;
  const scopes = serviceScopesOf(route.metadata);
  const service = scopes.length > 0 && `Service keys need the scope ${scopes.map((scope) => `\`${scope}\``).join(' or ')}.`;
  const description = [
    route.description,
    route.metadata.deprecated && describeDeprecation(route.metadata.deprecated),
    [credentialText[auth], permission, service, quota && describeQuota(quota)].filter(Boolean).join(' '),
  ]
    .filter(Boolean)
    .join('\n\n');
  const body = bodyOf(route, components);
  const guide = operationGuideOf(operationId);
  return {
    operationId,
    tags: [area],
    summary: route.summary,
    description,
    ...(guide && { externalDocs: guide }),
    ...(route.metadata.deprecated && deprecationKeywords(route.metadata.deprecated)),
    ...(demand && { 'x-permission': demand }),
    ...(scopes.length > 0 && { 'x-service-key-scopes': [...scopes] }),
    ...(quota && { 'x-quota': quota }),
    ...(audit && audit !== 'none' && { 'x-audit-action': audit[0] }),
    security: [...security[auth], ...(scopes.length > 0 ? [{ serviceKey: [] }] : [])],
    parameters: parametersOf(operationId, route, components),
    ...(body && { requestBody: body }),
    responses: responsesOf(operationId, route, components),
  };
}

/** The required permissions: one, several, or one for each scope. */
function requiredPermissionOf({ read, permission }: Policy): RequiredPermission | undefined {
  if (permission && typeof permission === 'object' && 'account' in permission) return permission;
  const all = [...new Set([read ?? [], permission ?? []].flat())];
  return all.length > 1 ? all : all[0];
}

function formatPermission(demand: RequiredPermission) {
  if (typeof demand === 'string') return `\`${demand}\``;
  if ('account' in demand) return `\`${demand.account}\`, with scope \`platform\` \`${demand.platform}\``;
  return demand.map((permission) => `\`${permission}\``).join(' and ');
}

function bodyOf(route: Route, components: Components): RequestBodyObject | undefined {
  if (!route.body) return undefined;
  const schema = components.schemaOf(route.body, 'input');
  return { required: !isBodyOptional(route), content: { [route.contentType ?? 'application/json']: { schema } } };
}

function parametersOf(operationId: string, route: Route, components: Components): (ParameterObject | ReferenceObject)[] {
  const path = paramNames(route.path).map((name) =>
    describeParameter(
      { name, in: 'path', required: true, description: pathParameterDescriptions[name] ?? '' },
      pathParamOf(route, name),
      components,
    ),
  );
  const query = queryOf(route).map(([name, schema]) =>
    describeParameter({ name, in: 'query', required: !isOptional(schema) }, schema, components),
  );
  return [...path, ...query, ...headerParametersOf(operationId, route).map((name) => ({ $ref: `#/components/parameters/${name}` }))];
}

/** A parameter has its parsed type (`limit` is an integer), not the type of its text in the URL. */
function describeParameter(parameter: ParameterObject, schema: Schema, components: Components): ParameterObject {
  const { description, ...rest } = components.schemaOf(schema, 'output');
  const deprecation = deprecationIn(rest);
  const keywords = deprecation && deprecationKeywords(deprecation);
  for (const keyword of Object.keys(keywords ?? {})) Reflect.deleteProperty(rest, keyword);
  return { ...parameter, ...(description !== undefined && { description }), ...keywords, schema: rest };
}

/** Headers that single operations without an actor accept. */
const headersByOperation: Readonly<Record<string, readonly (keyof typeof requestHeaders)[]>> = {
  authRefresh: ['AccountId'],
  bootstrapInit: ['BootstrapSecret'],
};

function headerParametersOf(operationId: string, route: Route): (keyof typeof requestHeaders)[] {
  const named = Object.keys(route.headers?._zod.def.shape ?? {});
  return (Object.keys(requestHeaders) as (keyof typeof requestHeaders)[]).filter(
    (header) =>
      (header === 'AccountId' && route.metadata.auth !== 'public' && !hasAccountInPath(route)) ||
      (header === 'IdempotencyKey' && isIdempotent(route)) ||
      named.includes(requestHeaders[header].name.toLowerCase()) ||
      headersByOperation[operationId]?.includes(header),
  );
}
