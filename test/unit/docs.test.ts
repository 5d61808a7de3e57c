import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { RunEvent, terminalTypes } from '../../contract/events.ts';
import * as contract from '../../contract/index.ts';
import { errorCodes } from '../../contract/shared/errorCodes.ts';
import { openApiPath, pathsOf } from '../../contract/shared/path.ts';
import { errorStatusesOf, isIdempotent, serviceScopesOf } from '../../contract/shared/policy.ts';
import { type Contract, eventStreamOf } from '../../contract/shared/route.ts';
import { WebhookEvent } from '../../contract/webhooks.ts';
import { derivedFiles, staleFiles } from '../../docs/generate.ts';
import { openApi } from '../../docs/openapi/openapi.ts';
import { operationIdOf } from '../../docs/openapi/operation.ts';
import { operationsWithReasons } from '../../docs/openapi/reasons.ts';
import { inlineReferences } from '../support/document/inlineReferences.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
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
const document = inlineReferences(JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8'))) as {
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, { post: { requestBody: { content: Record<'application/json', { example?: { type: string } }> } } }>;
  components: { schemas: Record<string, { oneOf?: Referred[]; anyOf?: Referred[]; discriminator?: object; properties?: object }> };
};
const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
const operationOf = (id: string) => operations.find(({ operationId }) => operationId === id)!;

const derived = derivedFiles();

test('the generated files are up to date with the contract', () => {
  expect(staleFiles(derived)).toEqual([]);
});

test('the check reports a stale file', () => {
  const files = { ...derived, 'docs/openapi.json': 'old' };
  expect(staleFiles(files)).toEqual(['docs/openapi.json']);
  const run = spawnSync(process.execPath, ['docs/generate.ts', '--check'], { cwd: root, encoding: 'utf8' });
  expect(run).toMatchObject({ status: 0, stderr: '' });
});

test('both documents pass the linter without warnings', () => {
  const files = ['docs/openapi.json', 'docs/openapi-3.2.json'];
  const redocly = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const report = spawnSync(process.execPath, [redocly, 'lint', '--format=json', ...files], { cwd: root, env, encoding: 'utf8' });
  // The report of one document follows that of the other.
  const reports = report.stdout.split(/(?<=^\})(?=\{)/m).map((text) => JSON.parse(text));
  expect(reports).toMatchObject(files.map(() => ({ totals: { errors: 0, warnings: 0 } })));
});

test('the operations of the document are exactly the routes', () => {
  const expected = routes.flatMap(([id, { method, path }]) =>
    pathsOf(path).map((each, at) => `${at === 0 ? id : `${id}Alias`} ${method} ${openApiPath(each)}`),
  );
  const written = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`),
  );
  expect(written.sort()).toEqual(expected.sort());
});

test.each(routes)('%s has its responses, security schemes and parameters', (id, route) => {
  const { responses, parameters, security } = operationOf(id);
  const statuses = [...Object.keys(route.responses), ...errorStatusesOf(route).map(String), '4XX', '5XX'];
  expect(Object.keys(responses).sort()).toEqual([...new Set(statuses)].sort());
  for (const status of errorStatusesOf(route)) {
    const codes = Object.values(errorCodes).filter(([known]) => known === status);
    // The codes of errors in the format of OpenAI are reasons.
    const named = route.metadata.errors === 'openai' ? ['`error.code`'] : codes.map(([, code]) => code);
    for (const code of named) expect(responses[status]!.description).toContain(code);
  }
  const service = serviceScopesOf(route.metadata).length > 0 ? 1 : 0;
  expect(security).toHaveLength({ public: 0, user: 1, platform: 1, 'user+key': 2 }[route.metadata.auth] + service);
  const named = parameters.map(({ name }) => name);
  expect(named.includes('Idempotency-Key')).toBe(isIdempotent(route));
  expect(named.includes('Last-Event-ID')).toBe(eventStreamOf(route) !== undefined);
});

/** Responses that follow from the declaration of a route but never occur. */
const neverGiven = ['bootstrapVerify 404'];

test.each(routes)('%s has examples of its request and responses', (id) => {
  const { requestBody, responses } = operationOf(id);
  const shown = (content: Referred['content'] = {}) => Object.values(content).some((media) => 'example' in media || 'examples' in media);
  if (requestBody) expect(shown(requestBody.content), 'npm run record').toBe(true);
  const silent = Object.entries(responses).filter(([status, { content }]) => content && !shown(content) && Number(status));
  expect(
    silent.map(([status]) => `${id} ${status}`).filter((answer) => !neverGiven.includes(answer)),
    'npm run record',
  ).toEqual([]);
});

test('each webhook has an example', () => {
  const sent = Object.entries(document.webhooks).map(([type, { post }]) => [
    type,
    post.requestBody.content['application/json'].example?.type,
  ]);
  expect(sent, 'npm run record').toEqual(WebhookEvent.options.map(({ shape }) => [shape.type.value, shape.type.value]));
});

test('error reasons are documented for existing operations', () => {
  const ids = routes.map(([id]) => id);
  expect(operationsWithReasons.filter((id) => !ids.includes(id))).toEqual([]);
  expect(operationOf('authLogin').responses['401']!.description).toContain('`invalid_credentials`');
  expect(operationOf('runsCreate').responses['409']!.description).toContain('`thread_busy`');
});

test('operations document permission, audit action and headers', () => {
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

test('every run event is its own schema with `type` as the discriminator', () => {
  const { oneOf, anyOf, discriminator } = document.components.schemas.RunEvent!;
  const models = (oneOf ?? anyOf)!.map(({ $ref }) => document.components.schemas[$ref!.split('/').at(-1)!]!);
  const types = models.map(({ properties }) => (properties as { type: { const: string } }).type.const);
  const { options } = (RunEvent as unknown as { _zod: { def: { options: unknown[] } } })._zod.def;
  expect(types).toHaveLength(options.length);
  expect(types).toEqual(expect.arrayContaining([...terminalTypes]));
  const mapping = Object.fromEntries(types.map((type, index) => [type, (oneOf ?? anyOf)![index]!.$ref]));
  expect(discriminator).toEqual({ propertyName: 'type', mapping });
});

test('an area without a description is an error', () => {
  expect(() => openApi({ unheardOf: contract.me }, '0.0.0')).toThrow('unheardOf');
});
