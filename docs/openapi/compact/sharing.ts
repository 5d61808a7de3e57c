import type { OpenAPIObject, OperationObject, ParameterObject, ReferenceObject, ResponseObject } from 'openapi3-ts/oas31';
import type { Contract } from '../../../contract/shared/route.ts';
import { operationIdOf, operationsIn } from '../operation.ts';
import { impliedReasons, reasonsOf } from '../reasons.ts';
import { pascal } from './naming.ts';

/** One use of a value that may be shared. `replace` puts a reference in its place. */
type Use<Value> = { value: Value; replace: (reference: ReferenceObject) => void };
type Group<Value> = { name: string; uses: Use<Value>[] };

/** A response with more reasons of its own stays inline, because its name would be too long. */
const maxNamedReasons = 3;

/**
 * Moves responses without content of their own, errors and parameters that are used several times to the components. Uses that differ only
 * in their examples are the same: an error shows the examples of all its uses, a parameter the first one.
 */
export function shareComponents(document: OpenAPIObject, contract: Contract): OpenAPIObject {
  const responses = new Map<string, Group<ResponseObject>>();
  const parameters = new Map<string, Group<ParameterObject>>();
  for (const { area, verb, route, operation } of operationsIn(document, contract)) {
    const reasonsFor = (status: number) => reasonsOf(operationIdOf(area, verb), route, status);
    collectResponses(operation, reasonsFor, responses);
    collectParameters(operation, parameters);
  }
  const components = document.components!;
  share(components.responses!, 'responses', responses, mergedResponse);
  share(components.parameters!, 'parameters', parameters, ([first]) => first!);
  dropUnusedExamples(document);
  return document;
}

function dropUnusedExamples(document: OpenAPIObject) {
  const text = JSON.stringify(document);
  const { examples = {} } = document.components!;
  for (const name of Object.keys(examples)) if (!text.includes(`"#/components/examples/${name}"`)) delete examples[name];
}

function collectResponses(
  { responses = {} }: OperationObject,
  reasonsFor: (status: number) => readonly string[],
  groups: Map<string, Group<ResponseObject>>,
) {
  for (const [status, response] of Object.entries(responses) as [string, ResponseObject | ReferenceObject][]) {
    if ('$ref' in response || (Number(status) < 400 && response.content)) continue;
    const name = responseName(Number(status), reasonsFor(Number(status)), response);
    if (name) add(groups, name, withoutExamples(response), { value: response, replace: (reference) => (responses[status] = reference) });
  }
}

function collectParameters({ parameters = [] }: OperationObject, groups: Map<string, Group<ParameterObject>>) {
  for (const [at, parameter] of (parameters as (ParameterObject | ReferenceObject)[]).entries()) {
    if ('$ref' in parameter) continue;
    const { example: _, ...shape } = parameter;
    add(groups, pascal(`${parameter.name}_${parameter.in}`), shape, {
      value: parameter,
      replace: (reference) => (parameters[at] = reference),
    });
  }
}

function add<Value>(groups: Map<string, Group<Value>>, name: string, shape: unknown, use: Use<Value>) {
  const key = JSON.stringify(shape);
  const group = groups.get(key) ?? { name, uses: [] };
  group.uses.push(use);
  groups.set(key, group);
}

/** If several values have one name, the most frequent one is shared, and the others stay where they are. */
function share<Value extends object>(
  components: Record<string, Value | ReferenceObject>,
  kind: 'responses' | 'parameters',
  groups: Map<string, Group<Value>>,
  merge: (values: Value[]) => Value,
) {
  const frequent = [...groups.values()].filter(({ uses }) => uses.length > 1).toSorted((a, b) => b.uses.length - a.uses.length);
  for (const { name, uses } of frequent) {
    if (name in components) continue;
    components[name] = merge(uses.map(({ value }) => value));
    for (const { replace } of uses) replace({ $ref: `#/components/${kind}/${name}` });
  }
}

function withoutExamples({ content = {}, ...rest }: ResponseObject): unknown {
  return [rest, Object.entries(content).map(([type, { example: _, examples: __, ...media }]) => [type, media])];
}

/** The examples of all uses. Of several bodies with the same reason, the most frequent one. */
function mergedResponse(all: ResponseObject[]): ResponseObject {
  const [first] = all as [ResponseObject];
  const merged = Object.entries(first.content ?? {}).map(([type, { examples: _, ...media }]) => {
    const shown = all.flatMap(({ content }) => Object.entries(content?.[type]?.examples ?? {}));
    const byReason = Map.groupBy(shown, ([name]) => name.split('.')[0]!);
    const examples = Object.fromEntries([...byReason.values()].map(mostFrequent));
    return [type, { ...media, ...(shown.length > 0 && { examples }) }];
  });
  return { ...first, ...(first.content && { content: Object.fromEntries(merged) }) };
}

function mostFrequent<Value>(values: Value[]): Value {
  const counted = Map.groupBy(values, (value) => JSON.stringify(value));
  return [...counted.values()].reduce((most, each) => (each.length > most.length ? each : most))[0]!;
}

const statusNames: Readonly<Record<number, string>> = {
  204: 'NoContent',
  304: 'NotModified',
  400: 'BadRequest',
  401: 'Unauthorized',
  402: 'PaymentRequired',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  413: 'PayloadTooLarge',
  422: 'Unprocessable',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'BadGateway',
  503: 'Unavailable',
};

/** `Conflict`, or `ConflictQuotaExceeded` if there are reasons besides those that follow from the declaration of the route. */
function responseName(status: number, reasons: readonly string[], { headers = {} }: ResponseObject): string | undefined {
  if (status < 400) return `${statusNames[status]}${'Idempotent-Replayed' in headers ? 'Idempotent' : ''}`;
  const own = reasons.filter((reason) => !impliedReasons.has(reason));
  // Most operations reject service keys, so that this reason is implied; those that accept them get a name of their own.
  const opened = status === 403 && own.includes('missing_permission') && !reasons.includes('service_key_not_allowed');
  return own.length > maxNamedReasons
    ? undefined
    : [statusNames[status], ...own.map(pascal), ...(opened ? ['ForServiceKeys'] : [])].join('');
}
