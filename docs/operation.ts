import type { OperationObject, ParameterObject, ReferenceObject, RequestBodyObject, SecurityRequirementObject } from 'openapi3-ts/oas31';
import { z } from 'zod';
import { Id } from '../contract/shared/fields.ts';
import { namesAccount } from '../contract/shared/input.ts';
import { paramNames } from '../contract/shared/path.ts';
import { type Demand, isIdempotent, type Policy } from '../contract/shared/policy.ts';
import { quotaText } from '../contract/shared/quotas.ts';
import type { Route, Schema } from '../contract/shared/route.ts';
import { type Components, isOptional, isRefused } from './components.ts';
import { requestHeaders } from './headers.ts';
import { responsesOf } from './responses.ts';

const security: Record<Policy['auth'], SecurityRequirementObject[]> = {
  public: [],
  user: [{ accessToken: [] }],
  platform: [{ accessToken: [] }],
  'user+key': [{ accessToken: [] }, { apiKey: [] }],
};

/** What a reader without knowledge of schemes needs to call. */
const callers: Record<Policy['auth'], string> = {
  public: 'Needs no credential.',
  user: 'Needs an access token; an API key is refused.',
  platform: 'Only for administrators of the platform, with an access token.',
  'user+key': 'Needs an access token or an API key.',
};

/** `threads` and `create` as `threadsCreate`. */
export const operationIdOf = (area: string, verb: string) => `${area}${verb[0]!.toUpperCase()}${verb.slice(1)}`;

/** The parameters of a route's query in order, without those that are declared only to be refused. */
export const queryOf = (route: Route): [name: string, schema: Schema][] =>
  Object.entries(route.query?._zod.def.shape ?? {}).filter(([, schema]) => !isRefused(schema));

/** The schema of a parameter in the path; an id unless the route says otherwise. */
export const pathParamOf = (route: Route, name: string): Schema => route.pathParams?._zod.def.shape[name] ?? Id;

/** Whether a body may be left out: an empty one counts as `{}`. A change must say what it changes, where it can say anything. */
export const isBodyOptional = ({ method, body }: Route) =>
  body !== undefined && body !== null && (method !== 'PATCH' || isFieldless(body)) && z.safeParse(body, {}).success;

const isFieldless = (body: Schema) => body instanceof z.ZodObject && Object.keys(body.shape).length === 0;

/** One operation of the document. */
export function operationOf(area: string, verb: string, route: Route, components: Components): OperationObject {
  const operationId = operationIdOf(area, verb);
  const demand = demandOf(route.metadata);
  const { makes, audit = makes, auth, or, quota } = route.metadata;
  const permission = demand && `Permission: ${sayDemand(demand)}${or ? ` (or ${or})` : ''}.`;
  const description = [route.description, [callers[auth], permission, quota && quotaText(quota)].filter(Boolean).join(' ')]
    .filter(Boolean)
    .join('\n\n');
  const body = bodyOf(route, components);
  return {
    operationId,
    tags: [area],
    summary: route.summary,
    description,
    ...(demand && { 'x-permission': demand }),
    ...(quota && { 'x-quota': quota }),
    ...(audit && audit !== 'none' && { 'x-audit-action': audit[0] }),
    security: security[auth],
    parameters: parametersOf(operationId, route, components),
    ...(body && { requestBody: body }),
    responses: responsesOf(operationId, route, components),
  };
}

/** All that a caller must hold: a permission, several, or one for each scope. */
function demandOf({ read, permission }: Policy): Demand | undefined {
  if (permission && typeof permission === 'object' && 'account' in permission) return permission;
  const all = [...new Set([read ?? [], permission ?? []].flat())];
  return all.length > 1 ? all : all[0];
}

function sayDemand(demand: Demand) {
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
  const path = paramNames(route.path).map((name) => describe({ name, in: 'path', required: true }, pathParamOf(route, name), components));
  const query = queryOf(route).map(([name, schema]) => describe({ name, in: 'query', required: !isOptional(schema) }, schema, components));
  return [...path, ...query, ...headerParametersOf(operationId, route).map((name) => ({ $ref: `#/components/parameters/${name}` }))];
}

/** A parameter as the program has it (`limit` is an integer), not as the text in the address. */
function describe(parameter: ParameterObject, schema: Schema, components: Components): ParameterObject {
  const { description, ...rest } = components.schemaOf(schema, 'output');
  return { ...parameter, ...(description !== undefined && { description }), schema: rest };
}

/** Headers that only one operation takes without an actor. */
const ownHeaders: Readonly<Record<string, readonly (keyof typeof requestHeaders)[]>> = {
  authRefresh: ['AccountId'],
  bootstrapInit: ['BootstrapSecret'],
};

function headerParametersOf(operationId: string, route: Route): (keyof typeof requestHeaders)[] {
  const named = Object.keys(route.headers?._zod.def.shape ?? {});
  return (Object.keys(requestHeaders) as (keyof typeof requestHeaders)[]).filter(
    (header) =>
      (header === 'AccountId' && route.metadata.auth !== 'public' && !namesAccount(route)) ||
      (header === 'IdempotencyKey' && isIdempotent(route)) ||
      named.includes(requestHeaders[header].name.toLowerCase()) ||
      ownHeaders[operationId]?.includes(header),
  );
}
