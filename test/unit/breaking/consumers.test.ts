import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readManifests } from '../../../client/conformance/consumers/manifestFiles.ts';
import type { Manifest, UsedOperation } from '../../../client/recorder/index.ts';
import type { Comparison } from '../../../docs/breaking/change.ts';
import { compare } from '../../../docs/breaking/compare.ts';
import { formatConsumers, reportConsumers } from '../../../docs/breaking/consumers.ts';
import { breaks, documentOf, harmless, mutatedDocument } from '../../support/openapi/mutations.ts';

const folder = mkdtempSync(join(tmpdir(), 'arkloop-consumers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cases = [...breaks, ...harmless];
const names = cases.map((_, at) => `r${at}x`);
const [baseFile, revisionFile] = [join(folder, 'base.json'), join(folder, 'revision.json')];
const base = documentOf(names);
const revision = mutatedDocument(
  names,
  cases.map(([, mutation]) => mutation),
);
writeFileSync(baseFile, JSON.stringify(base));
writeFileSync(revisionFile, JSON.stringify(revision));
const comparison: Comparison = compare(baseFile, revisionFile, '2099-06-30');

const nothing: UsedOperation = { query: [], headers: [], body: [], responses: {} };
const answered = (status: number, reads: string[] = [], reasons: string[] = []) => ({ [status]: { reads, reasons, events: {} } });
const stream = (events: Record<string, string[]>) => ({ 200: { reads: [], reasons: [], events } });
const manifestOf = (consumer: string, operations: (name: string) => Record<string, UsedOperation>): Manifest => ({
  ...{ format: 1, consumer, unknown: [] },
  operations: Object.assign({}, ...names.map(operations)) as Manifest['operations'],
});
const thread = ['id', 'title', 'status', 'count'];

/** Sends and reads every field. */
const everything = manifestOf('everything', (name) => ({
  [`${name}.list`]: {
    ...{ ...nothing, query: ['limit', 'order'] },
    responses: { ...answered(200, ['[]', ...thread.map((field) => `[].${field}`)]), ...answered(404, [], ['absent', 'hidden']) },
  },
  [`${name}.create`]: { ...nothing, body: ['title', 'mode', 'notes', 'old'], responses: answered(201, thread) },
  [`${name}.follow`]: { ...nothing, responses: stream({ started: ['type', 'seq'], ended: ['type', 'seq'] }) },
  [`${name}.delete`]: { ...nothing, responses: answered(204) },
}));

/** Calls every operation with an empty request, and reads only ids and the last event. */
const little = manifestOf('little', (name) => ({
  [`${name}.list`]: { ...nothing, responses: answered(200, ['[].id']) },
  [`${name}.create`]: { ...nothing, responses: answered(201, ['id']) },
  [`${name}.follow`]: { ...nothing, responses: stream({ ended: ['type'] }) },
}));

const report = reportConsumers(comparison, base, revision, [everything, little]);

/** The notices of a case, as `consumer operation: uses`. */
function noticesOf(title: string) {
  const name = names[cases.findIndex(([each]) => each === title)]!;
  const own = report.impacts.filter(({ change }) => change.path.includes(`~1${name}`));
  return own
    .flatMap(({ notices }) => notices.map(({ consumer, operation, uses }) => `${consumer} ${operation.split('.')[1]}: ${uses.join(', ')}`))
    .sort();
}

test.each(breaks.map(([title]) => title))('somebody notices %s', (title) => {
  expect(noticesOf(title)).not.toEqual([]);
});

describe('names the consumers, operations and fields', () => {
  test.each([
    ['a removed operation', ['everything list: the operation', 'little list: the operation']],
    ['a removed response field', ['everything create: 201 title', 'everything list: 200 [].title']],
    ['a response field that becomes optional', ['everything create: 201 count', 'everything list: 200 [].count']],
    ['a changed type', ['everything create: 201 id', 'everything list: 200 [].id', 'little create: 201 id', 'little list: 200 [].id']],
    ['a changed status', ['everything create: 201', 'little create: 201']],
    ['a removed parameter', ['everything list: query order']],
    ['a new required parameter', ['everything list: query q', 'little list: query q']],
    ['a request field that becomes required', ['little create: body without mode']],
    ['a removed request field', ['everything create: body mode']],
    ['a narrower bound', ['everything create: body title']],
    ['a body that becomes required', ['little create: the body']],
    ['a changed default of a parameter', ['little list: query limit']],
    ['a changed default of a request field', ['little create: body without mode']],
    ['a removed event type', ['everything follow: 200 ended', 'little follow: 200 ended']],
    ['a removed field of an event', ['everything follow: 200 started seq']],
    ['a removed reason of an error', ['everything list: 404 hidden']],
    ['a removed response header', ['everything list: 200 Link', 'little list: 200 Link']],
    ['a new enum value in a response', ['everything create: 201 status', 'everything list: 200 [].status']],
    ['a new response field', []],
  ])('%s', (title, notices) => {
    expect(noticesOf(title)).toEqual(notices);
  });
});

test('lists what no consumer uses, and unknown operations of a manifest', () => {
  const single = documentOf(['r0x']);
  const reader: Manifest = {
    ...{ format: 1, consumer: 'reader', unknown: ['GET /v1/*'] },
    operations: { 'r0x.list': { ...nothing, responses: answered(200, ['[].id']) }, 'r0x.gone': nothing },
  };
  const unchanged = { from: '1.2.3', to: '1.2.3', changes: [] };
  const { unused, consumers } = reportConsumers(unchanged, single, single, [reader]);
  expect(unused.operations).toEqual(['r0xCreate', 'r0xFollow', 'r0xDelete']);
  expect(unused.fields).toEqual(['r0xList 200 [].title', 'r0xList 200 [].status', 'r0xList 200 [].count']);
  expect(consumers).toEqual([{ consumer: 'reader', operations: 2, unknown: ['GET /v1/*', 'r0x.gone'] }]);
});

test('the text says which change no consumer uses', () => {
  const change = comparison.changes.find(({ path, rule }) => path.includes('~1r9x/') && rule === 'property-removed')!;
  const text = (manifest: Manifest) => formatConsumers(reportConsumers({ ...comparison, changes: [change] }, base, revision, [manifest]));
  expect(text(everything)).toContain('    everything: r9x.list (200 [].title)\n');
  expect(text(little)).toContain('    No consumer uses it.\n');
});

test('refuses files of another format', () => {
  const place = mkdtempSync(join(folder, 'manifests-'));
  writeFileSync(join(place, 'a.json'), JSON.stringify(little));
  expect(readManifests([place])).toEqual([little]);
  writeFileSync(join(place, 'b.json'), '{}');
  expect(() => readManifests([place])).toThrow('b.json is not a manifest');
});
