import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { applyCorrections, type Comparison, isUnbumped, nextVersion } from '../../../docs/breaking/change.ts';
import { compare } from '../../../docs/breaking/compare.ts';
import { formatComparison } from '../../../docs/breaking/report.ts';
import { breaks, type Document, documentOf, harmless, mutatedDocument, type Mutation } from '../../support/openapi/mutations.ts';

const folder = mkdtempSync(join(tmpdir(), 'arkloop-breaking-'));
afterAll(() => rmSync(folder, { recursive: true }));
const base = join(folder, 'base.json');
const revision = join(folder, 'revision.json');

/** The sunset of the deprecated parts of the document: the last day on which they work. */
const sunset = '2099-07-01';

/** Compares all cases at once, because starting the comparison takes 0.5 s, and filters the changes of each case by its path. */
function changed(mutations: Mutation[], today = sunset): Comparison[] {
  const names = mutations.map((_, at) => `r${at}x`);
  writeFileSync(base, JSON.stringify(documentOf(names)));
  writeFileSync(revision, JSON.stringify(mutatedDocument(names, mutations)));
  const all = compare(base, revision, today);
  return names.map((name) => ({ ...all, changes: all.changes.filter(({ path }) => path.includes(`~1${name}`)) }));
}

describe('breaking changes', () => {
  const compared = changed(breaks.map(([, mutation]) => mutation));
  test.each(breaks.map(([title, , rule], at) => [title, rule, compared[at]!] as const))('%s', (_, rule, comparison) => {
    const broken = comparison.changes.filter(({ weight }) => weight === 'breaking');
    expect(broken.map((each) => each.rule)).toContain(rule);
    expect(formatComparison(comparison, [])).toMatchObject({ ok: false, text: expect.stringContaining(rule) });
    expect(nextVersion(comparison)).toBe('2.0.0');
  });
});

describe('changes that are not breaking', () => {
  const compared = changed(harmless.map(([, mutation]) => mutation));
  test.each(harmless.map(([title, , announced, version], at) => [title, announced, version, compared[at]!] as const))(
    '%s',
    (_, announced, version, comparison) => {
      const of = (weight: string) => comparison.changes.filter((change) => change.weight === weight).map(({ rule }) => rule);
      expect([of('breaking'), of('announced')]).toEqual([[], announced]);
      const { ok, text } = formatComparison({ ...comparison, to: version }, []);
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
  expect(formatComparison({ ...comparison!, to: '2.0.0' }, [declared])).toMatchObject({
    ok: true,
    text: expect.stringContaining('as declared'),
  });
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

test('a change without a higher version fails, unless only descriptions change', () => {
  const change = { rule: 'x', path: 'x', message: 'x' };
  const comparison: Comparison = { from: '0.4.9', to: '0.4.9', changes: [{ ...change, weight: 'addition' }] };
  expect(formatComparison(comparison, [])).toMatchObject({ ok: false, text: expect.stringContaining('npm version 0.4.10') });
  expect(formatComparison({ ...comparison, to: '0.4.10' }, []).ok).toBe(true);
  expect(isUnbumped({ ...comparison, changes: [{ ...change, weight: 'announced' }] })).toBe(true);
  expect(isUnbumped({ ...comparison, to: '0.4.10', changes: [{ ...change, weight: 'breaking' }] })).toBe(true);
  expect(isUnbumped({ ...comparison, changes: [{ ...change, weight: 'other' }] })).toBe(false);
});

test('names each addition, and the same addition at several operations once', () => {
  const header = (name: string) => ({
    ...{ weight: 'addition' as const, rule: 'header-added', message: 'x' },
    path: `#/paths/~1${name}/get/responses/200/headers/More`,
  });
  const field = {
    weight: 'addition' as const,
    rule: 'schema-added',
    message: 'x',
    path: '#/paths/~1c/post/requestBody/schema/properties/more',
  };
  const { text } = formatComparison({ from: '1.0.0', to: '1.1.0', changes: [header('a'), header('b'), field] }, []);
  expect(text).toContain('  header-added  #/paths/~1a/get/responses/200/headers/More and 1 more\n');
  expect(text).toContain('  schema-added  #/paths/~1c/post/requestBody/schema/properties/more\n');
});

test('what is deprecated can be removed on the day after its sunset', () => {
  const removals: Mutation[] = [
    ({ path }) => delete path.delete,
    ({ newThread }) => delete newThread.properties.old,
    ({ path }) => delete path.get,
  ];
  const [operation, field, other] = changed(removals, '2099-07-02').map(({ changes }) => changes[0]);
  expect([operation, field]).toMatchObject([
    { weight: 'announced', rule: 'removed-after-sunset' },
    { weight: 'announced', rule: 'removed-after-sunset' },
  ]);
  expect(other).toMatchObject({ weight: 'breaking', message: expect.stringContaining('was not deprecated') });
});

test('a part that moves into the components is the same part', () => {
  const document = documentOf(['r0x']);
  writeFileSync(base, JSON.stringify(document));
  const { get } = document.paths['/v1/r0x'];
  document.components.responses = { Listed: get.responses[200], Missing: get.responses[404] };
  document.components.parameters = { Limit: get.parameters[0] };
  get.responses = { 200: { $ref: '#/components/responses/Listed' }, 404: { $ref: '#/components/responses/Missing' } };
  get.parameters[0] = { $ref: '#/components/parameters/Limit' };
  writeFileSync(revision, JSON.stringify(document));
  expect(compare(base, revision).changes).toEqual([]);
  delete document.components.responses.Listed.headers.Link;
  document.components.parameters.Limit.schema.default = 20;
  writeFileSync(revision, JSON.stringify(document));
  expect(
    compare(base, revision)
      .changes.map(({ weight, rule }) => [weight, rule])
      .sort(),
  ).toEqual([
    ['breaking', 'default-changed'],
    ['breaking', 'response-header-removed'],
  ]);
});

test.each([['null'], ['integer']])('a list of types is the same as a union of them: string and %s', (other) => {
  const document = documentOf(['r0x']);
  const { properties } = document.components.schemas.r0xThread;
  properties.title = { description: 'x', type: ['string', other] };
  writeFileSync(base, JSON.stringify(document));
  properties.title = { description: 'x', anyOf: [{ type: 'string' }, { type: other }] };
  writeFileSync(revision, JSON.stringify(document));
  expect(compare(base, revision).changes.filter(({ weight }) => weight !== 'other')).toEqual([]);
});

test('a constant that is an integer is the same with the type `number`', () => {
  const document = documentOf(['r0x']);
  const { properties } = document.components.schemas.r0xNewThread;
  properties.only = { type: 'number', const: 1 };
  writeFileSync(base, JSON.stringify(document));
  properties.only = { type: 'integer', const: 1 };
  writeFileSync(revision, JSON.stringify(document));
  expect(compare(base, revision).changes).toEqual([]);
  properties.only = { type: 'integer', const: 2 };
  writeFileSync(revision, JSON.stringify(document));
  expect(compare(base, revision).changes.map(({ weight }) => weight)).toContain('breaking');
});

test('a change of a schema that a response uses first is judged for the request too', () => {
  const document = documentOf(['r0x']);
  const shared = { type: 'object', properties: { mode: { type: 'string', default: 'a' } } };
  const { get, post } = document.paths['/v1/r0x'];
  document.components.schemas.Shared = shared;
  get.responses[200].content['application/json'].schema = { $ref: '#/components/schemas/Shared' };
  post.requestBody.content['application/json'].schema = { $ref: '#/components/schemas/Shared' };
  writeFileSync(base, JSON.stringify(document));
  shared.properties.mode.default = 'b';
  writeFileSync(revision, JSON.stringify(document));
  expect(compare(base, revision).changes).toMatchObject([{ weight: 'breaking', rule: 'default-changed' }]);
});

test('throws if a document cannot be read', () => {
  expect(() => compare(base, join(folder, 'absent.json'))).toThrow('cannot be compared');
});

test('the released document is complete', () => {
  const released = JSON.parse(readFileSync(new URL('../../../docs/released/openapi-0.1.0.json', import.meta.url), 'utf8')) as Document;
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
