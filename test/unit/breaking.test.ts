import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { applyCorrections, compare, type Comparison, formatComparison, nextVersion } from '../../docs/openapi/breaking.ts';

type Schema = { [key: string]: any };
type Document = {
  info: { version: string };
  paths: { [path: string]: any };
  components: { schemas: Schema; parameters: Schema; responses: Schema };
};

const folder = mkdtempSync(join(tmpdir(), 'arkloop-breaking-'));
afterAll(() => rmSync(folder, { recursive: true }));
const base = join(folder, 'base.json');
const revision = join(folder, 'revision.json');

const json = (schema: object) => ({ description: 'x', content: { 'application/json': { schema } } });

/** The operations of one test case. Like real resources they use shared models, unions, requests and responses. */
const resource = (name: string) => ({
  [`/v1/${name}`]: {
    get: {
      operationId: `${name}List`,
      parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer' } }, { $ref: `#/components/parameters/${name}Key` }],
      security: [{ token: [] }, { key: [] }],
      'x-permission': 'data.threads.read',
      responses: {
        200: json({ type: 'array', items: { $ref: `#/components/schemas/${name}Thread` } }),
        404: { $ref: `#/components/responses/${name}Missing` },
      },
    },
    post: {
      operationId: `${name}Create`,
      requestBody: { required: false, ...json({ $ref: `#/components/schemas/${name}NewThread` }) },
      responses: { 201: json({ $ref: `#/components/schemas/${name}Thread` }) },
    },
    put: { operationId: `${name}Follow`, responses: { 200: json(events) } },
  },
});
const events = { oneOf: [{ $ref: '#/components/schemas/Started' }, { $ref: '#/components/schemas/Ended' }] };

const models = (name: string) => ({
  [`${name}Thread`]: {
    type: 'object',
    properties: { id: { type: 'string' }, title: { type: ['string', 'null'] }, status: { type: 'string', enum: ['open', 'closed'] } },
    required: ['id', 'title', 'status'],
  },
  [`${name}NewThread`]: {
    type: 'object',
    properties: { title: { type: 'string', maxLength: 200 }, mode: { type: 'string', enum: ['a', 'b'] }, notes: { type: 'object' } },
    additionalProperties: false,
  },
});
const sharedParameters = (name: string) => ({ [`${name}Key`]: { name: 'key', in: 'query', schema: { type: 'string', maxLength: 9 } } });
const sharedResponses = (name: string) => ({ [`${name}Missing`]: json({ type: 'object', properties: { error: { type: 'string' } } }) });
const eventOf = (type: string) => ({ type: 'object', properties: { type: { const: type } } });

const documentOf = (names: string[]) => ({
  openapi: '3.1.0',
  info: { title: 'A', version: '1.2.3' },
  paths: Object.assign({}, ...names.map(resource)) as Document['paths'],
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer' }, key: { type: 'apiKey', in: 'header', name: 'x' } },
    parameters: Object.assign({}, ...names.map(sharedParameters)) as Schema,
    responses: Object.assign({}, ...names.map(sharedResponses)) as Schema,
    schemas: Object.assign(
      { Started: eventOf('started'), Ended: eventOf('ended'), Paused: eventOf('paused') },
      ...names.map(models),
    ) as Schema,
  },
});

/** The parts that a test case may change. */
type Parts = { path: any; paths: Document['paths']; name: string; thread: any; newThread: any; events: any[]; key: any; missing: any };
type Mutation = (parts: Parts) => unknown;

/** Compares all cases at once, because starting the comparison takes 0.5 s, and filters the changes of each case by its path. */
function changed(mutations: Mutation[]): Comparison[] {
  const names = mutations.map((_, at) => `r${at}x`);
  writeFileSync(base, JSON.stringify(documentOf(names)));
  const document = documentOf(names);
  for (const [at, name] of names.entries()) {
    const { [`${name}Thread`]: thread, [`${name}NewThread`]: newThread } = document.components.schemas;
    const path = document.paths[`/v1/${name}`];
    const put = path.put;
    put.responses = structuredClone(put.responses);
    mutations[at]!({
      path,
      paths: document.paths,
      name,
      thread,
      newThread,
      events: put.responses[200].content['application/json'].schema.oneOf,
      key: document.components.parameters[`${name}Key`],
      missing: document.components.responses[`${name}Missing`],
    });
  }
  writeFileSync(revision, JSON.stringify(document));
  const all = compare(base, revision);
  return names.map((name) => ({ ...all, changes: all.changes.filter(({ path }) => path.includes(`~1${name}`)) }));
}

const parameter = { name: 'q', in: 'query', schema: { type: 'string' } };
const breaks: [title: string, mutation: Mutation, rule: string][] = [
  ['a removed operation', ({ path }) => delete path.get, 'operation-removed'],
  ['a changed operation id', ({ path }) => Object.assign(path.get, { operationId: 'all' }), 'operation-id-changed'],
  ['a new required parameter', ({ path }) => path.get.parameters.push({ ...parameter, required: true }), 'parameter-became-required'],
  ['a removed parameter', ({ path }) => path.get.parameters.pop(), 'parameter-removed'],
  [
    'a request field that becomes required',
    ({ newThread }) => Object.assign(newThread, { required: ['mode'] }),
    'required-properties-added',
  ],
  ['a removed request field', ({ newThread }) => delete newThread.properties.mode, 'property-removed'],
  ['a body that becomes required', ({ path }) => Object.assign(path.post.requestBody, { required: true }), 'request-body-became-required'],
  ['a removed enum value in a request', ({ newThread }) => newThread.properties.mode.enum.pop(), 'enum-values-removed'],
  ['a narrower bound', ({ newThread }) => Object.assign(newThread.properties.title, { maxLength: 10 }), 'schema-constraint-changed'],
  ['a removed response field', ({ thread }) => delete thread.properties.title, 'property-removed'],
  ['a response field that becomes optional', ({ thread }) => thread.required.pop(), 'required-properties-removed'],
  [
    'a response field that becomes nullable',
    ({ thread }) => Object.assign(thread.properties.id, { type: ['string', 'null'] }),
    'schema-type-changed',
  ],
  ['a changed type', ({ thread }) => Object.assign(thread.properties.id, { type: 'integer' }), 'schema-type-changed'],
  ['a changed status', ({ path }) => Object.assign(path.post, { responses: { 200: path.post.responses[201] } }), 'response-removed'],
  ['a removed security scheme', ({ path }) => path.get.security.pop(), 'security-requirement-changed'],
  ['a narrower shared parameter', ({ key }) => Object.assign(key.schema, { maxLength: 3 }), 'schema-constraint-changed'],
  [
    'a removed field of a shared response',
    ({ missing }) => delete missing.content['application/json'].schema.properties.error,
    'property-removed',
  ],
  [
    'a request that rejects additional properties',
    ({ newThread }) => Object.assign(newThread.properties.notes, { additionalProperties: false }),
    'additional-properties-refused',
  ],
];

describe('breaking changes', () => {
  const compared = changed(breaks.map(([, mutation]) => mutation));
  test.each(breaks.map(([title, , rule], at) => [title, rule, compared[at]!] as const))('%s', (_, rule, comparison) => {
    const broken = comparison.changes.filter(({ weight }) => weight === 'breaking');
    expect(broken.map((each) => each.rule)).toContain(rule);
    expect(formatComparison(comparison, [])).toMatchObject({ ok: false, text: expect.stringContaining(rule) });
    expect(nextVersion(comparison)).toBe('2.0.0');
  });
});

const harmless: [title: string, mutation: Mutation, announced: string[], version: string][] = [
  ['a new enum value in a response', ({ thread }) => thread.properties.status.enum.push('locked'), ['enum-values-added'], '1.3.0'],
  ['a new event type', ({ events }) => events.push({ $ref: '#/components/schemas/Paused' }), ['schema-combinator-changed'], '1.3.0'],
  ['a changed permission', ({ path }) => Object.assign(path.get, { 'x-permission': 'data.all' }), ['permission-changed'], '1.3.0'],
  ['nothing', () => {}, [], '1.2.3'],
  ['a shared response that is written in place', ({ path, missing }) => Object.assign(path.get.responses, { 404: missing }), [], '1.2.3'],
  [
    'a nullable type in its other form',
    ({ thread }) => Object.assign(thread.properties, { title: { anyOf: [{ type: 'string' }, { type: 'null' }] } }),
    [],
    '1.2.3',
  ],
  ['a new operation', ({ path }) => Object.assign(path, { patch: { operationId: 'more', responses: path.get.responses } }), [], '1.3.0'],
  ['a new optional parameter', ({ path }) => path.get.parameters.push(parameter), [], '1.3.0'],
  ['a new request field', ({ newThread }) => Object.assign(newThread.properties, { more: { type: 'string' } }), [], '1.3.0'],
  ['a new response field', ({ thread }) => Object.assign(thread.properties, { more: { type: 'string' } }), [], '1.3.0'],
  ['a new enum value in a request', ({ newThread }) => newThread.properties.mode.enum.push('c'), [], '1.2.4'],
  ['a wider bound', ({ newThread }) => Object.assign(newThread.properties.title, { maxLength: 300 }), [], '1.2.4'],
  ['a response field that is no longer nullable', ({ thread }) => Object.assign(thread.properties.title, { type: 'string' }), [], '1.2.4'],
  ['a changed description', ({ path }) => Object.assign(path.get, { summary: 'More words' }), [], '1.2.4'],
];

describe('changes that are not breaking', () => {
  const compared = changed(harmless.map(([, mutation]) => mutation));
  test.each(harmless.map(([title, , announced, version], at) => [title, announced, version, compared[at]!] as const))(
    '%s',
    (_, announced, version, comparison) => {
      const of = (weight: string) => comparison.changes.filter((change) => change.weight === weight).map(({ rule }) => rule);
      expect([of('breaking'), of('announced')]).toEqual([[], announced]);
      const { ok, text } = formatComparison(comparison, []);
      expect([ok, text.includes('To be announced')]).toEqual([true, announced.length > 0]);
      expect(nextVersion(comparison)).toBe(version);
    },
  );
});

test('a removed path is breaking, passes if declared, and a declaration without a change fails', () => {
  const [comparison] = changed([({ paths, name }) => delete paths[`/v1/${name}`], () => {}]);
  const { rule, path } = comparison!.changes[0]!;
  const declared = { rule, path, why: 'Use the search.' };
  expect(rule).toBe('path-removed');
  expect(formatComparison(comparison!, []).ok).toBe(false);
  expect(formatComparison(comparison!, [declared])).toMatchObject({ ok: true, text: expect.stringContaining('as declared') });
  expect(formatComparison(comparison!, [{ ...declared, path: '#/paths/other' }]).ok).toBe(false);
  const nothing = { ...comparison!, changes: [] };
  expect(formatComparison(nothing, [declared])).toMatchObject({ ok: false, text: expect.stringContaining('Declared, but not found') });
});

test('before 1.0.0 a breaking change increments the minor version', () => {
  const change = { rule: 'x', path: 'x', message: 'x' };
  const comparison: Comparison = { from: '0.4.2', to: '0.4.2', changes: [{ ...change, weight: 'addition' }] };
  expect(nextVersion(comparison)).toBe('0.4.3');
  expect(nextVersion({ ...comparison, changes: [{ ...change, weight: 'breaking' }] })).toBe('0.5.0');
});

test('throws if a document cannot be read', () => {
  expect(() => compare(base, join(folder, 'absent.json'))).toThrow('cannot be compared');
});

test('the released document is complete', () => {
  const released = JSON.parse(readFileSync(new URL('../../docs/released/openapi-0.1.0.json', import.meta.url), 'utf8')) as Document;
  expect(released.info.version).toBe('0.1.0');
  expect(Object.keys(released.paths).length).toBeGreaterThan(100);
});

describe('corrections', () => {
  const narrowed = { weight: 'breaking', rule: 'schema-constraint-changed', path: '#/a/requestBody/b', message: 'x' } as const;
  const removed = { weight: 'breaking', rule: 'response-removed', path: '#/a/responses/200', message: 'x' } as const;
  const comparison: Comparison = { from: '1.0.0', to: '1.0.0', changes: [narrowed, removed] };
  const was = '400: it was refused';

  test('are not breaking, and other changes stay breaking', () => {
    const { comparison: rest, stale } = applyCorrections(comparison, [{ rule: narrowed.rule, path: narrowed.path, was }]);
    expect([rest.changes.map(({ weight }) => weight), stale, formatComparison(rest, []).ok]).toEqual([['other', 'breaking'], [], false]);
  });

  test('are stale if they match no change, have no reason, or match a change other than a constraint', () => {
    const all = [
      { rule: narrowed.rule, path: '#/elsewhere', was },
      { rule: narrowed.rule, path: narrowed.path, was: ' ' },
      { rule: removed.rule, path: removed.path, was },
    ];
    for (const each of all) expect(applyCorrections(comparison, [each]).stale).toEqual([each]);
    expect(formatComparison(applyCorrections(comparison, [all[2]!]).comparison, []).ok).toBe(false);
  });
});
