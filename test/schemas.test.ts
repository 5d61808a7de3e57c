import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check, type Faults, parseInput, type RawInput } from '../contract/shared/input.ts';
import { openApiPath } from '../contract/shared/path.ts';
import { isForm, type Route } from '../contract/shared/route.ts';
import { operationIdOf } from '../docs/operation.ts';
import { reasonsOf } from '../docs/reasons.ts';
import { type JsonSchema, valuesFrom } from './setup/fromSchema.ts';
import { titled } from './setup/operations.ts';

type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: JsonSchema; $ref?: string };
type Operation = { parameters: Parameter[]; requestBody?: { content: Record<string, { schema: JsonSchema }> } };
const document = JSON.parse(readFileSync(new URL('../docs/openapi.json', import.meta.url), 'utf8'));
const { valid, resolve, outside } = valuesFrom(document.components.schemas);
const seed = Number(process.env.FUZZ_SEED ?? 1);

const operationOf = ({ path, method }: Route): Operation => document.paths[openApiPath(path)][method.toLowerCase()];
const parametersOf = (route: Route): Parameter[] =>
  operationOf(route).parameters.map((each) => (each.$ref ? document.components.parameters[each.$ref.split('/').at(-1)!] : each));
const bodyOf = (route: Route) => operationOf(route).requestBody?.content['application/json']?.schema;

/** What the server says about the syntax of the values beside the body. */
function faultsOf(route: Route, parameters: readonly Parameter[], values: readonly unknown[]): Faults {
  const raw: RawInput = { params: {}, query: {}, headers: {} };
  const places = { path: raw.params, query: raw.query, header: raw.headers } as Record<string, Record<string, unknown>>;
  for (const [at, parameter] of parameters.entries()) {
    const value = values[at];
    if (value === undefined) continue;
    const name = parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name;
    places[parameter.in]![name] = parameter.in === 'path' ? encodeURIComponent(String(value)) : String(value);
  }
  const faults: Faults = { issues: [], details: {} };
  parseInput(route, raw, faults);
  return faults;
}

/** Throws where a value is refused by its syntax. A rule between values, or about what was given out before, has a reason that the operation documents. */
function demandGood(id: string, route: Route, given: unknown, { issues, details }: Faults) {
  const [area, verb] = id.split('.') as [string, string];
  const documented = reasonsOf(operationIdOf(area, verb), route, 400);
  if (issues.length > 0 && !documented.includes(String(details.reason))) throw new Error(JSON.stringify({ given, issues, details }));
}

describe('a request that the document allows', () => {
  test.for(titled((route) => parametersOf(route).length > 0))('%s passes with any parameters', ([, { id, route }]) => {
    const parameters = parametersOf(route);
    const values = parameters.map(({ schema, required }) => (required ? valid(schema) : fc.option(valid(schema), { nil: undefined })));
    fc.assert(
      fc.property(fc.tuple(...values), (given) => {
        demandGood(id, route, given, faultsOf(route, parameters, given));
      }),
      { seed, numRuns: 60 },
    );
  });

  test.for(titled((route) => !isForm(route) && bodyOf(route) !== undefined))('%s passes with any body', ([, { id, route }]) => {
    fc.assert(
      fc.property(valid(bodyOf(route)!), (body) => {
        const faults: Faults = { issues: [], details: {} };
        if (route.method !== 'GET') check(route.body!, body, 'body', faults.issues, faults.details);
        demandGood(id, route, body, faults);
      }),
      { seed, numRuns: 120 },
    );
  });
});

describe('what the document excludes is refused', () => {
  test.for(titled((route) => !isForm(route) && bodyOf(route) !== undefined))('%s in its body', ([, { route }]) => {
    const accepted = outside(bodyOf(route)!).filter(([keyword, value]) => {
      const issues: Faults['issues'] = [];
      if (route.method !== 'GET') check(route.body!, value, 'body', issues);
      // What is lacking beside it is refused as well: the place tells them apart.
      const [name = ''] = keyword.split(' ');
      const at = keyword.includes(' ') && !keyword.startsWith('required') ? `/${name}` : '';
      return !issues.some(({ path }) => path.startsWith(at));
    });
    expect(accepted).toEqual([]);
  });

  test.for(titled((route) => parametersOf(route).length > 0))('%s in its parameters', ([, { route }]) => {
    const parameters = parametersOf(route).filter(({ in: place, name }) => place !== 'header' || name === 'X-Account-Id');
    for (const [at, { name, schema }] of parameters.entries())
      for (const [keyword, value] of outside(schema)) {
        // A parameter is text: a boolean is the text `true`.
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

test('there is something to try', () => expect(titled((route) => bodyOf(route) !== undefined).length).toBeGreaterThan(70));
