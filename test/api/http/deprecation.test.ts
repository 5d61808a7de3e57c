import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { initContract } from '@ts-rest/core';
import express from 'express';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { deprecated } from '../../../contract/deprecation.ts';
import { pageQuery } from '../../../contract/shared/pagination.ts';
import type { Resource } from '../../../contract/shared/route.ts';
import { deprecationProblems } from '../../../docs/breaking/deprecations.ts';
import type { ApiDocument } from '../../../docs/breaking/document.ts';
import { typesFile } from '../../../docs/client/types.ts';
import { openApi } from '../../../docs/openapi/openapi.ts';
import type { App } from '../../../server/http/app.ts';
import { respondToError } from '../../../server/http/errors.ts';
import { mount } from '../../../server/http/mount/mount.ts';
import { implement } from '../../../server/http/pipeline/implement.ts';
import { traceRequests } from '../../../server/http/tracing.ts';
import { sharedTestApp, testKeys } from '../../support/app/testApp.ts';

const old = { since: '2026-01-01', sunset: '2026-12-31', use: '`POST /v1/plans/{id}`' } as const;
const field = { since: '2026-02-01', sunset: '2026-09-30', use: '`title`' } as const;
const Draft = z
  .strictObject({ title: z.string().optional(), name: deprecated(z.string().optional().meta({ description: 'The title.' }), field) })
  .meta({ id: 'Draft' });

const Plan = z.object({ id: z.string().meta({ description: 'ID of the plan.' }) }).meta({ id: 'Plan', description: 'A plan.' });

/** A contract with a deprecated route, a deprecated field and a deprecated parameter. */
const plans = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/old-plans',
    summary: 'List plans',
    description: 'Returns all plans.',
    query: pageQuery(),
    responses: { 200: z.array(Plan) },
    metadata: { auth: 'public', pages: 'cursor', deprecated: old },
  },
  create: {
    method: 'POST',
    path: '/v1/plan-drafts',
    summary: 'Draft a plan',
    description: 'Stores a draft.',
    query: z.strictObject({ kind: deprecated(z.string().optional(), { ...field, sunset: '2026-08-31' }) }),
    body: Draft,
    responses: { 201: Plan },
    metadata: { auth: 'public', audit: 'none' },
  },
} as const satisfies Resource);

async function serve() {
  const { config, database } = await sharedTestApp();
  const log = pino({ level: 'silent' });
  const app = { config, database, log, keys: testKeys } as App;
  const handlers = implement(
    plans,
    {},
    {
      list: () => ({ status: 200, body: [{ id: '1' }], next: 'more' }),
      create: () => ({ status: 201, body: { id: '1' } }),
    },
  );
  const server = express()
    .use(traceRequests(() => false))
    .use(mount(app, [handlers]))
    .use(respondToError(log))
    .listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async (path: string, body?: object) => {
    const init = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const { status, headers } = await fetch(url + path, init);
    return { status, deprecation: headers.get('deprecation'), sunset: headers.get('sunset'), link: headers.get('link') };
  };
}

const guide =
  '</docs/guides/compatibility>; rel="deprecation"; type="text/html", </docs/guides/compatibility>; rel="sunset"; type="text/html"';

test('responses of a deprecated route, errors too, say since when and how long it works', async () => {
  const call = await serve();
  const dates = { deprecation: '@1767225600', sunset: 'Thu, 31 Dec 2026 23:59:59 GMT' };
  const next = '</v1/old-plans?limit=1&before=more>; rel="next"';
  expect(await call('/v1/old-plans?limit=1')).toEqual({ status: 200, ...dates, link: `${guide}, ${next}` });
  expect(await call('/v1/old-plans?limit=x')).toEqual({ status: 400, ...dates, link: guide });
});

test('responses to requests with a deprecated field or parameter say so, and to other requests do not', async () => {
  const call = await serve();
  expect(await call('/v1/plan-drafts', { title: 'x' })).toEqual({ status: 201, deprecation: null, sunset: null, link: null });
  const dates = { deprecation: '@1769904000', sunset: 'Wed, 30 Sep 2026 23:59:59 GMT' };
  expect(await call('/v1/plan-drafts', { name: 'x' })).toEqual({ status: 201, ...dates, link: guide });
  const earliest = { deprecation: '@1769904000', sunset: 'Mon, 31 Aug 2026 23:59:59 GMT' };
  expect(await call('/v1/plan-drafts?kind=a', { name: 'x' })).toEqual({ status: 201, ...earliest, link: guide });
});

const document = JSON.parse(JSON.stringify(openApi({ plans }, '1.0.0'))) as ApiDocument;

test('the document marks what is deprecated, with its dates', () => {
  const operation = document.paths['/v1/old-plans']!.get;
  const keywords = { deprecated: true, 'x-deprecated-since': '2026-01-01', 'x-sunset': '2026-12-31', 'x-deprecated-use': old.use };
  expect(operation).toMatchObject(keywords);
  expect(operation.description).toContain(
    'Deprecated since 2026-01-01; can be removed after 2026-12-31. Use `POST /v1/plans/{id}` instead.',
  );
  expect(Object.keys(operation.responses[200].headers)).toEqual(expect.arrayContaining(['Deprecation', 'Sunset', 'Link']));
  expect(document.components.schemas.Draft.properties.name).toMatchObject({
    description: 'The title.',
    deprecated: true,
    'x-sunset': '2026-09-30',
  });
  const [kind] = document.paths['/v1/plan-drafts']!.post.parameters;
  expect(kind).toMatchObject({ name: 'kind', deprecated: true, 'x-sunset': '2026-08-31', schema: { type: 'string' } });
  expect(kind.schema).toEqual({ type: 'string' });
});

test('the typed client has doc comments with the tag', () => {
  const types = typesFile({ plans });
  expect(types).toMatch(/@deprecated Deprecated since 2026-01-01; [^\n]*\n {3}\*\/\n {2}readonly list:/);
  expect(types).toMatch(/The title\.\n {3}\*\n {3}\* @deprecated [^\n]* Use `title` instead\.\n {3}\*\/\n {2}name\?:/);
  expect(types).toMatch(/\/\*\* @deprecated [^*]* \*\/ kind\?: string/);
});

test('the check requires half a year, and a line in the changelog', () => {
  const entries = ['- `GET /v1/old-plans` is deprecated.', '- Deprecated: `Draft.name` and\n  `POST /v1/plan-drafts?kind`.'];
  expect(deprecationProblems(document, `## Unreleased\n\n${entries.join('\n')}\n`)).toEqual([]);
  expect(deprecationProblems(document, `## Unreleased\n\n${entries[0]}\n- \`Draft.name\` is new.\n`)).toEqual([
    'CHANGELOG.md has no line that says `POST /v1/plan-drafts?kind` is deprecated',
    'CHANGELOG.md has no line that says `Draft.name` is deprecated',
  ]);
  const short = structuredClone(document);
  short.paths['/v1/old-plans']!.get['x-sunset'] = '2026-03-01';
  delete short.components.schemas.Draft.properties.name['x-sunset'];
  expect(deprecationProblems(short, entries.join('\n'))).toEqual([
    'GET /v1/old-plans has its sunset less than 180 days after 2026-01-01',
    'Draft.name is deprecated without dates: declare it with `deprecated` of the contract',
  ]);
});
