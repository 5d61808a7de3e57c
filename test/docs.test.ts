import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { RunEvent, terminalTypes } from '../contract/events.ts';
import * as contract from '../contract/index.ts';
import { failures } from '../contract/shared/failures.ts';
import { openApiPath } from '../contract/shared/path.ts';
import { isIdempotent, refusalsOf } from '../contract/shared/policy.ts';
import { type Contract, streamOf } from '../contract/shared/route.ts';
import { WebhookEvent } from '../contract/webhooks.ts';
import { derivedFiles, staleFiles } from '../docs/generate.ts';
import { openApi } from '../docs/openapi.ts';
import { operationIdOf } from '../docs/operation.ts';
import { operationsWithReasons } from '../docs/reasons.ts';

const root = new URL('..', import.meta.url).pathname;
const routes = Object.entries(contract as Contract).flatMap(([area, resource]) =>
  Object.entries(resource).map(([verb, route]) => [operationIdOf(area, verb), route] as const),
);

type Referred = { $ref?: string; description?: string; headers?: object; content?: object; name?: string };
type Operation = {
  operationId: string;
  security: object[];
  parameters: Referred[];
  requestBody?: Referred;
  responses: Record<string, Referred>;
  'x-permission'?: unknown;
  'x-audit-action'?: string;
};
const document = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, { post: { requestBody: { content: Record<'application/json', { example?: { type: string } }> } } }>;
  components: { schemas: Record<string, { oneOf?: Referred[]; anyOf?: Referred[]; discriminator?: object; properties?: object }> };
};
const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
const operationOf = (id: string) => operations.find(({ operationId }) => operationId === id)!;

test('the generated files are what the contract says now', () => {
  expect(staleFiles()).toEqual([]);
});

test('the check names a stale file', () => {
  const files = { ...derivedFiles(), 'docs/openapi.json': 'old' };
  expect(staleFiles(files)).toEqual(['docs/openapi.json']);
  const run = spawnSync(process.execPath, ['docs/generate.ts', '--check'], { cwd: root, encoding: 'utf8' });
  expect(run).toMatchObject({ status: 0, stderr: '' });
});

test.each(['docs/openapi.json', 'docs/openapi-3.2.json'])('%s passes the linter without a word', (file) => {
  const redocly = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const report = spawnSync(process.execPath, [redocly, 'lint', '--format=json', file], { cwd: root, env, encoding: 'utf8' });
  expect(JSON.parse(report.stdout)).toMatchObject({ totals: { errors: 0, warnings: 0 } });
});

test('every route is an operation, and nothing else is', () => {
  const expected = routes.map(([id, { method, path }]) => `${id} ${method} ${openApiPath(path)}`);
  const written = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`),
  );
  expect(written.sort()).toEqual(expected.sort());
});

test.each(routes)('%s has its answers, credentials and parameters', (id, route) => {
  const { responses, parameters, security } = operationOf(id);
  const statuses = [...Object.keys(route.responses), ...refusalsOf(route).map(String), '4XX', '5XX'];
  expect(Object.keys(responses).sort()).toEqual([...new Set(statuses)].sort());
  for (const status of refusalsOf(route)) {
    const codes = Object.values(failures).filter(([known]) => known === status);
    for (const [, code] of codes) expect(responses[status]!.description).toContain(code);
  }
  expect(security).toHaveLength({ public: 0, user: 1, platform: 1, 'user+key': 2 }[route.metadata.auth]);
  const named = parameters.map(({ name, $ref }) => name ?? $ref!.split('/').at(-1));
  expect(named.includes('IdempotencyKey')).toBe(isIdempotent(route));
  expect(named.includes('LastEventId')).toBe(streamOf(route) !== undefined);
});

/** Answers that follow from the form of a declaration and are never given. */
const neverGiven = ['bootstrapVerify 404'];

test.each(routes)('%s shows what it is sent and what it answers', (id) => {
  const { requestBody, responses } = operationOf(id);
  const shown = (content: Referred['content'] = {}) => Object.values(content).some((media) => 'example' in media || 'examples' in media);
  if (requestBody) expect(shown(requestBody.content), 'npm run record').toBe(true);
  const silent = Object.entries(responses).filter(([status, { content, $ref }]) => !$ref && content && !shown(content) && Number(status));
  expect(
    silent.map(([status]) => `${id} ${status}`).filter((answer) => !neverGiven.includes(answer)),
    'npm run record',
  ).toEqual([]);
});

test('each webhook shows what is sent', () => {
  const sent = Object.entries(document.webhooks).map(([type, { post }]) => [
    type,
    post.requestBody.content['application/json'].example?.type,
  ]);
  expect(sent, 'npm run record').toEqual(WebhookEvent.options.map(({ shape }) => [shape.type.value, shape.type.value]));
});

test('reasons are given to operations that exist', () => {
  const ids = routes.map(([id]) => id);
  expect(operationsWithReasons.filter((id) => !ids.includes(id))).toEqual([]);
  expect(operationOf('authLogin').responses['401']!.description).toContain('`invalid_credentials`');
  expect(operationOf('runsCreate').responses['409']!.description).toContain('`thread_busy`');
});

test('permission, audit action and headers are there to read', () => {
  expect(operationOf('runsCreate')).toMatchObject({
    'x-permission': ['data.runs.read', 'data.runs.write'],
    'x-audit-action': 'run.create',
  });
  expect(operationOf('llmProvidersCreate')['x-permission']).toEqual({ account: 'data.secrets.manage', platform: 'platform.admin' });
  expect(operationOf('threadsGet')['x-permission']).toBe('data.threads.read');
  expect(Object.keys(operationOf('threadsList').responses['200']!.headers!)).toEqual(['X-Trace-Id', 'Link', 'X-Next-Cursor']);
  expect(operationOf('authLogin').responses['200']!.headers).toHaveProperty('Set-Cookie');
  expect(operationOf('runsCreate').responses['429']!.headers).toHaveProperty('Retry-After');
  expect(operationOf('threadsGet').responses['401']!.headers).toHaveProperty('WWW-Authenticate');
});

test('every event of a run is a model of its own, chosen by its type', () => {
  const { oneOf, anyOf, discriminator } = document.components.schemas.RunEvent!;
  const models = (oneOf ?? anyOf)!.map(({ $ref }) => document.components.schemas[$ref!.split('/').at(-1)!]!);
  const types = models.map(({ properties }) => (properties as { type: { const: string } }).type.const);
  const { options } = (RunEvent as unknown as { _zod: { def: { options: unknown[] } } })._zod.def;
  expect(types).toHaveLength(options.length);
  expect(types).toEqual(expect.arrayContaining([...terminalTypes]));
  const mapping = Object.fromEntries(types.map((type, index) => [type, (oneOf ?? anyOf)![index]!.$ref]));
  expect(discriminator).toEqual({ propertyName: 'type', mapping });
});

test('an area that nobody described does not generate', () => {
  expect(() => openApi({ unheardOf: contract.me }, '0.0.0')).toThrow('unheardOf');
});
