import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseInput, parseValue, type RawInput, type ValidationErrors } from '../../contract/shared/input.ts';
import { openApiPath } from '../../contract/shared/path.ts';
import { isMultipart, type Route } from '../../contract/shared/route.ts';
import { operationIdOf } from '../../docs/openapi/operation.ts';
import { reasonsOf } from '../../docs/openapi/reasons.ts';
import { operationRows } from '../support/http/operations.ts';
import { type JsonSchema, valuesFrom } from '../support/samples/fromSchema.ts';

type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: JsonSchema; $ref?: string };
type Operation = { parameters: Parameter[]; requestBody?: { content: Record<string, { schema: JsonSchema }> } };
const document = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
const { valid, resolve, outside } = valuesFrom(document.components.schemas);
const seed = Number(process.env.FUZZ_SEED ?? 1);

const operationOf = ({ path, method }: Route): Operation => document.paths[openApiPath(path)][method.toLowerCase()];
const parametersOf = (route: Route): Parameter[] =>
  operationOf(route).parameters.map((each) => (each.$ref ? document.components.parameters[each.$ref.split('/').at(-1)!] : each));
const bodyOf = (route: Route) => operationOf(route).requestBody?.content['application/json']?.schema;

/** The server's validation errors for path, query and header values. */
function faultsOf(route: Route, parameters: readonly Parameter[], values: readonly unknown[]): ValidationErrors {
  const raw: RawInput = { params: {}, query: {}, headers: {} };
  const places = { path: raw.params, query: raw.query, header: raw.headers } as Record<string, Record<string, unknown>>;
  for (const [at, parameter] of parameters.entries()) {
    const value = values[at];
    if (value === undefined) continue;
    const name = parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name;
    places[parameter.in]![name] = parameter.in === 'path' ? encodeURIComponent(String(value)) : String(value);
  }
  const faults: ValidationErrors = { issues: [], details: {} };
  parseInput(route, raw, faults);
  return faults;
}

/** Throws if a value is rejected for its syntax. Rules that JSON Schema cannot express have a reason that the operation documents. */
function expectValid(id: string, route: Route, given: unknown, { issues, details }: ValidationErrors) {
  const [area, verb] = id.split('.') as [string, string];
  const documented = reasonsOf(operationIdOf(area, verb), route, 400);
  if (issues.length > 0 && !documented.includes(String(details.reason))) throw new Error(JSON.stringify({ given, issues, details }));
}

/** Where a schema has arrays without a maximum. */
function unlimitedArrays(schema: unknown, path = '', seen = new Set<string>()): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { $ref, type, maxItems } = schema as { $ref?: string; type?: unknown; maxItems?: number };
  if ($ref !== undefined) {
    if (seen.has($ref)) return [];
    seen.add($ref);
    return unlimitedArrays(document.components.schemas[$ref.split('/').at(-1)!], $ref.split('/').at(-1), seen);
  }
  const inner = Object.entries(schema).filter(([key]) => !['examples', 'example', 'default', 'enum', 'const'].includes(key));
  return [
    ...([type].flat().includes('array') && maxItems === undefined ? [path] : []),
    ...inner.flatMap(([key, each]) => unlimitedArrays(each, `${path}.${key}`, seen)),
  ];
}

test('every array of a body has a maximum', () => {
  // These are older than the rule. The number of values of a body limits them.
  const isKnown = (path: string) => /tool_(allow|deny)list|core_tools/.test(path);
  const bodies = operationRows((route) => !isMultipart(route) && bodyOf(route) !== undefined);
  const found = bodies.flatMap(([title, { route }]) => unlimitedArrays(bodyOf(route)).map((path) => `${title}: ${path}`));
  expect(found.filter((path) => !isKnown(path))).toEqual([]);
});

describe('a request that is valid by the OpenAPI document', () => {
  test.for(operationRows((route) => parametersOf(route).length > 0))('%s accepts all generated parameters', ([, { id, route }]) => {
    const parameters = parametersOf(route);
    const values = parameters.map(({ schema, required }) => (required ? valid(schema) : fc.option(valid(schema), { nil: undefined })));
    fc.assert(
      fc.property(fc.tuple(...values), (given) => {
        expectValid(id, route, given, faultsOf(route, parameters, given));
      }),
      { seed, numRuns: 60 },
    );
  });

  test.for(operationRows((route) => !isMultipart(route) && bodyOf(route) !== undefined))(
    '%s accepts all generated bodies',
    ([, { id, route }]) => {
      fc.assert(
        fc.property(valid(bodyOf(route)!), (body) => {
          const faults: ValidationErrors = { issues: [], details: {} };
          if (route.method !== 'GET') parseValue(route.body!, body, 'body', faults.issues, faults.details);
          expectValid(id, route, body, faults);
        }),
        { seed, numRuns: 120 },
      );
    },
  );
});

describe('a request that is invalid by the OpenAPI document is rejected', () => {
  test.for(operationRows((route) => !isMultipart(route) && bodyOf(route) !== undefined))('%s: invalid bodies', ([, { route }]) => {
    const accepted = outside(bodyOf(route)!).filter(([keyword, value]) => {
      const issues: ValidationErrors['issues'] = [];
      if (route.method !== 'GET') parseValue(route.body!, value, 'body', issues);
      // Missing sibling fields cause issues too, so compare the path.
      const [name = ''] = keyword.split(' ');
      const at = keyword.includes(' ') && !keyword.startsWith('required') ? `/${name}` : '';
      return !issues.some(({ path }) => path.startsWith(at));
    });
    expect(accepted).toEqual([]);
  });

  test.for(operationRows((route) => parametersOf(route).length > 0))('%s: invalid parameters', ([, { route }]) => {
    const parameters = parametersOf(route).filter(({ in: place, name }) => place !== 'header' || name === 'X-Account-Id');
    for (const [at, { name, schema }] of parameters.entries())
      for (const [keyword, value] of outside(schema)) {
        // Parameters are text, so a value of another type is still a valid string.
        if (keyword === 'type' && resolve(schema).type === 'string') continue;
        const { issues } = faultsOf(
          route,
          parameters,
          parameters.map((_, other) => (other === at ? value : undefined)),
        );
        expect([name, keyword, issues.some(({ path }) => path.toLowerCase() === name.toLowerCase())]).toEqual([name, keyword, true]);
      }
  });
});

test('at least 70 operations have a JSON body', () =>
  expect(operationRows((route) => bodyOf(route) !== undefined).length).toBeGreaterThan(70));
