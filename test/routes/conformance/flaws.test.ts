import { afterAll, expect, test } from 'vitest';
import { callWithin } from '../../../client/conformance/call.ts';
import { violationsOf } from '../../../client/conformance/check.ts';
import { checkOperations } from '../../../client/conformance/checkOperations.ts';
import type { CheckContext, Finding } from '../../../client/conformance/exchange.ts';
import { operations } from '../../../client/conformance/operations.ts';
import { register, tokenOf } from '../../../client/conformance/people.ts';
import { type Rule, rules } from '../../../client/conformance/rules.ts';
import { openPool } from '../../../client/conformance/run/pool.ts';
import { say, type Script } from '../../../client/mocks/index.ts';
import { startMockServer } from '../../../client/mocks/standalone/server.ts';
import type { Route } from '../../../contract/shared/route.ts';
import {
  allOf,
  eachBlock,
  type Flaw,
  leftOpen,
  type ProxiedReply,
  type ProxiedRequest,
  startFlawedProxy,
} from '../../support/http/flawedProxy.ts';

const mock = await startMockServer(0, { stepMs: 1 });
afterAll(mock.close);
const admin = mock.mocks.state.signUp({ isAdmin: true });

/** Checks operations of the mock behind a proxy. */
async function findingsWith(
  flaw: Flaw,
  ids: readonly string[],
  options: Partial<CheckContext> = {},
  before = () => {},
): Promise<Finding[]> {
  const proxy = await startFlawedProxy(mock.address, flaw);
  const call = callWithin(proxy.url, 10_000);
  const direct = callWithin(mock.address, 10_000);
  const by = await register(direct);
  const { key } = (await direct('POST', '/v1/api-keys', { token: by.token, body: { name: 'flaws' } })).body;
  const kit: CheckContext = {
    ...{ url: proxy.url, call, key, checksHeaders: false, traceIds: new Set(), signal: new AbortController().signal },
    maker: { call, by, admin: await tokenOf(direct, admin.accessToken), ...openPool(direct) },
    ...{ heartbeatMs: 15_000, runMs: 3_000, closeMs: 5_000, message: 'One two three', idleMessage: undefined },
    ...options,
  };
  before();
  const found: Finding[] = [];
  const chosen = operations.filter(({ id }) => ids.includes(id));
  expect(chosen.length).toBe(ids.length);
  for await (const { violations } of checkOperations(kit, chosen)) found.push(...violations);
  await proxy.close();
  return found;
}

const uuid = '[0-9a-f-]{36}';
const one = (folder: string) => new RegExp(`^/v1/${folder}/${uuid}$`);
type Match = { method: string; path: string | RegExp; status?: number };

const fits = ({ method, path, status }: Match, reply: ProxiedReply, request: ProxiedRequest) =>
  request.method === method &&
  (typeof path === 'string' ? request.path === path : path.test(request.path)) &&
  (status === undefined || reply.status === status);

/** A flaw of the responses that fit. */
const onReply = (match: Match, change: (reply: ProxiedReply, request: ProxiedRequest) => Partial<ProxiedReply> | void): Flaw => ({
  reply: (reply, request) => (fits(match, reply, request) ? change(reply, request) : undefined),
});

/** A flaw of a JSON body. */
const onJson = (match: Match, change: (body: any, request: ProxiedRequest) => unknown): Flaw =>
  onReply(match, ({ text }, request) => ({ text: JSON.stringify(change(JSON.parse(text), request)) }));

const onHeaders = (match: Match, change: (headers: Headers, request: ProxiedRequest) => void): Flaw =>
  onReply(match, ({ headers }, request) => change(headers, request));

/** A flaw of the requests that fit. */
const onRequest = (method: string, path: string | RegExp, change: (request: ProxiedRequest) => ProxiedReply | void): Flaw => ({
  request: (request) => (fits({ method, path }, {} as ProxiedReply, request) ? change(request) : undefined),
});

const json = (status: number, body: unknown): ProxiedReply => ({
  status,
  headers: new Headers({ 'content-type': 'application/json; charset=utf-8', 'x-trace-id': crypto.randomUUID().replaceAll('-', '') }),
  text: JSON.stringify(body),
});

const threads = { method: 'GET', path: '/v1/threads', status: 200 };
let lastPage: unknown[] = [];
let owner: string | undefined;
const removed = new Set<string>();

/**
 * Name, operation and rule of the finding, and the flaw. It is planted together with flaws of other rules, unless it breaks several rules or hides
 * another flaw. `later`: it is found only if the stream that is read live has no flaw.
 */
type Case = [name: string, operation: string, rule: Rule, flaw: Flaw, planted?: 'alone' | 'later'];

const responses: Case[] = [
  [
    'another status',
    'threads.create',
    'response.status',
    onReply({ method: 'POST', path: '/v1/threads', status: 201 }, () => ({ status: 200 })),
    'alone',
  ],
  [
    'a missing field',
    'threads.get',
    'response.body',
    onJson({ method: 'GET', path: one('threads'), status: 200 }, ({ updated_at: _, ...rest }) => rest),
  ],
  [
    'an undeclared field',
    'threads.update',
    'response.body',
    onJson({ method: 'PATCH', path: one('threads'), status: 200 }, (body) => ({ ...body, color: 'red' })),
  ],
  [
    'another content type',
    'threads.starred',
    'response.content-type',
    onHeaders({ method: 'GET', path: '/v1/threads/starred', status: 200 }, (headers) => headers.set('content-type', 'text/html')),
    'alone',
  ],
  [
    'an empty response with a content type',
    'threads.star',
    'response.empty',
    onHeaders({ method: 'POST', path: /\/star$/, status: 204 }, (headers) => headers.set('content-type', 'application/json')),
  ],
  [
    'another error format',
    'threads.get',
    'error.body',
    onJson({ method: 'GET', path: one('threads'), status: 404 }, ({ error }) => ({ error: { code: error } })),
    'alone',
  ],
  [
    'an error code of another status',
    'threads.get',
    'error.code',
    onJson({ method: 'GET', path: one('threads'), status: 404 }, (body) => ({ ...body, error: 'conflict' })),
  ],
  [
    'a stack trace',
    'threads.get',
    'error.internals',
    onJson({ method: 'GET', path: one('threads'), status: 404 }, (body) => ({ ...body, message: 'at find (/srv/threads.ts:7)' })),
  ],
  [
    'a trace id that differs from the header',
    'threads.get',
    'error.trace-id',
    onJson({ method: 'GET', path: one('threads'), status: 404 }, (body) => ({ ...body, trace_id: 'f'.repeat(32) })),
  ],
  [
    'no WWW-Authenticate',
    'threads.list',
    'error.headers',
    onHeaders({ method: 'GET', path: '/v1/threads', status: 401 }, (headers) => headers.delete('www-authenticate')),
  ],
  [
    'no trace id',
    'projects.list',
    'response.trace-id',
    onHeaders({ method: 'GET', path: '/v1/projects' }, (headers) => headers.delete('x-trace-id')),
    'alone',
  ],
  [
    'one trace id for all',
    'projects.list',
    'response.trace-id',
    onHeaders({ method: 'GET', path: '/v1/projects' }, (headers) => headers.set('x-trace-id', 'a'.repeat(32))),
    'alone',
  ],
  [
    'no authentication',
    'threads.list',
    'request.authentication',
    onReply({ ...threads, status: 401 }, () => ({ status: 200, text: '[]' })),
    'alone',
  ],
  [
    'unknown fields accepted',
    'projects.create',
    'request.validation',
    onRequest('POST', '/v1/projects', (request) => {
      request.body = request.body.replace(',"nobody_knows":1', '');
    }),
  ],
  [
    'a thread that everybody can read',
    'threads.get',
    'request.isolation',
    {
      request: ({ method, path, headers }) => {
        if (method === 'POST' && path === '/v1/threads') owner = headers.authorization;
        if (one('threads').test(path) && (headers.authorization?.length ?? 0) > 60) headers.authorization = owner!;
      },
    },
  ],
  [
    '404 for another method',
    'threads.starred',
    'request.method',
    { reply: ({ status }, { path }) => (path === '/v1/threads/starred' && status === 405 ? json(404, {}) : undefined) },
  ],
  [
    'a lost connection',
    'threads.starred',
    'request.answered',
    { reply: (_, { path }) => (path === '/v1/threads/starred' ? 'lost' : undefined) },
    'alone',
  ],
];

const lists: Case[] = [
  ['no Link', 'threads.list', 'list.link', onHeaders(threads, (headers) => headers.delete('link'))],
  [
    'neither Link nor X-Next-Cursor',
    'threads.list',
    'list.link',
    onHeaders(threads, (headers) => ['link', 'x-next-cursor'].forEach((name) => headers.delete(name))),
  ],
  [
    'a Link without brackets',
    'threads.list',
    'list.link',
    onHeaders(threads, (headers) => headers.has('link') && headers.set('link', headers.get('link')!.replace(/[<>]/g, ''))),
  ],
  [
    'a Link that forgets the limit',
    'threads.list',
    'list.link',
    onHeaders(threads, (headers) => headers.has('link') && headers.set('link', headers.get('link')!.replace(/limit=\d+&/, ''))),
    'alone',
  ],
  [
    'a Link with another cursor',
    'threads.list',
    'list.link',
    onHeaders(threads, (headers) => headers.has('link') && headers.set('x-next-cursor', 'A'.repeat(30))),
  ],
  [
    'a Link on the last page',
    'threads.list',
    'list.last-page',
    onHeaders(threads, (headers, { query }) => {
      if (!query.has('before')) headers.set('link', `</v1/threads?limit=${query.get('limit')}&before=${'A'.repeat(30)}>; rel="next"`);
    }),
    'alone',
  ],
  ['a reversed list', 'threads.list', 'list.order', onJson(threads, (rows) => rows.toReversed())],
  [
    'pages in another order than the list',
    'messages.list',
    'list.order',
    onJson({ method: 'GET', path: /\/messages$/, status: 200 }, (rows, { query }) =>
      query.get('limit') === '200' ? rows.toReversed() : rows,
    ),
  ],
  [
    'a row on two pages',
    'threads.list',
    'list.duplicate',
    onJson(threads, (rows, { query }) => {
      const [from, page] = [lastPage, rows];
      lastPage = rows;
      return query.has('before') ? [from.at(-1), ...page.slice(1)] : page;
    }),
    'alone',
  ],
  ['a row on no page', 'threads.list', 'list.gap', onJson(threads, (rows, { query }) => (query.has('before') ? rows.slice(1) : rows))],
  [
    'a limit that is ignored',
    'threads.list',
    'list.limit',
    onRequest('GET', '/v1/threads', ({ query }) => {
      if (/^\d+$/.test(query.get('limit') ?? '') && query.get('limit') !== '0') query.delete('limit');
    }),
    'alone',
  ],
  [
    'a made-up cursor that is accepted',
    'threads.list',
    'list.cursor',
    onRequest('GET', '/v1/threads', ({ query }) => {
      if (query.get('before') === 'A'.repeat(40)) query.delete('before');
    }),
  ],
];

const writes: Case[] = [
  [
    'a replay with another body',
    'threads.create',
    'idempotency.replay',
    onReply({ method: 'POST', path: '/v1/threads' }, ({ headers, text }) =>
      headers.has('idempotent-replayed') ? { text: `${text} ` } : undefined,
    ),
  ],
  [
    'no Idempotent-Replayed',
    'threads.create',
    'idempotency.header',
    onHeaders({ method: 'POST', path: '/v1/threads' }, (headers) => headers.delete('idempotent-replayed')),
  ],
  [
    'keys that are ignored',
    'threads.create',
    'idempotency.effect',
    onRequest('POST', '/v1/threads', ({ headers }) => void delete headers['idempotency-key']),
    'alone',
  ],
  [
    'a key that is reused',
    'threads.create',
    'idempotency.reuse',
    onRequest('POST', '/v1/threads', (request) => void (request.body = request.body.trimEnd())),
  ],
  [
    'a key that is too long',
    'threads.create',
    'idempotency.key',
    onRequest('POST', '/v1/threads', ({ headers }) => {
      if (headers['idempotency-key']) headers['idempotency-key'] = headers['idempotency-key'].slice(0, 200);
    }),
  ],
  [
    'a deletion without effect',
    'threads.delete',
    'resource.deleted',
    {
      reply: ({ status }, { method, path }) => {
        if (method === 'DELETE' && status === 204) removed.add(path);
        return method === 'GET' && removed.has(path) ? { status: 200 } : undefined;
      },
    },
  ],
  [
    'a creation that is not stored',
    'projects.create',
    'resource.read',
    onReply({ method: 'GET', path: one('projects'), status: 200 }, () =>
      json(404, { error: 'not_found', message: 'No.', trace_id: 'a'.repeat(32), details: {} }),
    ),
  ],
  [
    'a created row that is not listed',
    'projects.create',
    'resource.listed',
    onJson({ method: 'GET', path: '/v1/projects', status: 200 }, () => []),
  ],
  [
    'a change that resets another field',
    'projects.update',
    'resource.unchanged',
    onJson({ method: 'GET', path: one('projects'), status: 200 }, (body) =>
      body.description === 'changed' ? { ...body, name: 'reset' } : body,
    ),
    'alone',
  ],
];

/** A flaw of the event with this seq, or of all. */
const onEvent = (seq: number | undefined, change: (block: string, request: ProxiedRequest) => string | readonly string[]): Flaw => ({
  stream: eachBlock((block, request) => {
    const isMeant = seq === undefined ? block.startsWith('id: ') : block.startsWith(`id: ${seq}\n`);
    return isMeant ? change(block, request) : block;
  }),
});

/** Changes the JSON of a block. */
const withData = (change: (event: any) => unknown) => (block: string) =>
  block.replace(/data: (.*)/, (_, data: string) => `data: ${JSON.stringify(change(JSON.parse(data)))}`);

const isLast = (block: string) => block.includes('event: run.completed') || block.includes('event: run.cancelled');
const next = (block: string, seq: number) => block.replace(/^id: \d+/, `id: ${seq}`).replace(/"seq":\d+/, `"seq":${seq}`);
const seqOf = (block: string) => Number(/^id: (\d+)/.exec(block)?.[1]);
const events = 'runs.events';
let held: string | undefined;

const streams: Case[] = [
  ['a lost event', events, 'stream.gap', onEvent(3, () => []), 'alone'],
  ['an event sent twice', events, 'stream.duplicate', onEvent(3, (block) => [block, block])],
  [
    'two events in the wrong order',
    events,
    'stream.order',
    onEvent(undefined, (block) => {
      if (seqOf(block) === 3) return ((held = block), []);
      const late = seqOf(block) === 4 && held ? [block, held] : block;
      if (seqOf(block) === 4) held = undefined;
      return late;
    }),
    'alone',
  ],
  [
    'ids that count from zero',
    events,
    'stream.id',
    onEvent(undefined, (block) => block.replace(/^id: (\d+)/, (_, id) => `id: ${id - 1}`)),
    'alone',
  ],
  ['events without a name', events, 'stream.frame', onEvent(undefined, (block) => block.replace(/event: .*\n/, '')), 'alone'],
  ['another name than the type', events, 'stream.type', onEvent(2, (block) => block.replace(/event: .*/, 'event: message'))],
  ['data that is not JSON', events, 'stream.frame', onEvent(2, (block) => `${block}}`), 'alone'],
  [
    'the terminal event twice',
    events,
    'stream.terminal',
    onEvent(undefined, (block) => (isLast(block) ? [block, next(block, seqOf(block) + 1)] : block)),
    'alone',
  ],
  [
    'an event after the terminal one',
    events,
    'stream.terminal',
    {
      stream: async function* (blocks) {
        let second = '';
        for await (const block of blocks) {
          if (block.startsWith('id: 2\n')) second = block;
          yield* isLast(block) ? [block, next(second || block, seqOf(block) + 1)] : [block];
        }
      },
    },
    'alone',
  ],
  ['no terminal event', events, 'stream.terminal', onEvent(undefined, (block) => (isLast(block) ? [] : block)), 'alone'],
  [
    'an end in the middle of an event',
    events,
    'stream.frame',
    {
      stream: async function* (blocks) {
        for await (const block of blocks) yield isLast(block) ? `${block}\n\nid: 99\nevent: x` : block;
      },
      streamHeaders: (headers) => headers.set('x-cut', '1'),
    },
    'alone',
  ],
  ['a stream that stays open', events, 'stream.close', { stream: leftOpen(1_000) }],
  ['no comment at the start', events, 'stream.open', { stream: eachBlock((block) => (block.startsWith(':') ? [] : block)) }],
  [
    'a Last-Event-ID that is ignored',
    events,
    'stream.resume',
    onRequest('GET', /\/events$/, ({ headers }) => void delete headers['last-event-id']),
    'alone',
  ],
  [
    'a position that is included',
    events,
    'stream.resume',
    onRequest('GET', /\/events$/, ({ query }) => {
      const after = Number(query.get('after_seq') ?? 0);
      if (after > 0) query.set('after_seq', String(after - 1));
    }),
    'alone',
  ],
  [
    'the smaller of both positions',
    events,
    'stream.resume',
    onRequest('GET', /\/events$/, ({ query, headers }) => {
      if (headers['last-event-id'] && query.get('after_seq') === '0') delete headers['last-event-id'];
    }),
    'later',
  ],
  [
    '200 instead of 204',
    events,
    'stream.finished',
    {
      reply: ({ status, headers }, { path }) => {
        if (!path.endsWith('/events') || status !== 204) return;
        for (const [name, value] of [
          ['content-type', 'text/event-stream; charset=utf-8'],
          ['cache-control', 'no-cache, no-transform'],
          ['x-accel-buffering', 'no'],
        ] as const)
          headers.set(name, value);
        return { status: 200, text: ': ping\n\n' };
      },
    },
    'later',
  ],
  [
    'another content type of the stream',
    events,
    'response.content-type',
    { streamHeaders: (headers) => headers.set('content-type', 'text/plain') },
  ],
  ['a stream that may be cached', events, 'stream.headers', { streamHeaders: (headers) => headers.set('cache-control', 'max-age=60') }],
  ['a stream that proxies may buffer', events, 'stream.headers', { streamHeaders: (headers) => headers.delete('x-accel-buffering') }],
  [
    'the run_id of another run',
    events,
    'stream.run',
    onEvent(
      2,
      withData((event) => ({ ...event, run_id: event.event_id })),
    ),
  ],
  [
    'two times in one event',
    events,
    'stream.time',
    onEvent(
      2,
      withData((event) => ({ ...event, ts: '2026-01-01T00:00:00.000Z' })),
    ),
  ],
  [
    'an event that is older than the one before',
    events,
    'stream.time',
    onEvent(
      3,
      withData((event) => ({ ...event, created_at: '2001-01-01T00:00:00.000Z', ts: '2001-01-01T00:00:00.000Z' })),
    ),
  ],
  ['another first event', events, 'stream.first', onEvent(1, (block) => block.replaceAll('run.started', 'run.begun')), 'alone'],
  [
    'an undeclared field of an event',
    events,
    'response.body',
    onEvent(
      2,
      withData((event) => ({ ...event, color: 'red' })),
    ),
    'later',
  ],
  [
    'event ids that change',
    events,
    'stream.stored',
    onEvent(
      2,
      withData((event) => ({ ...event, event_id: crypto.randomUUID() })),
    ),
    'alone',
  ],
  [
    'invalid positions accepted',
    events,
    'request.validation',
    onRequest('GET', /\/events$/, ({ query }) => {
      if (query.get('after_seq') === '-1') query.delete('after_seq');
    }),
    'later',
  ],
  [
    'a run that reports another end',
    events,
    'stream.outcome',
    onJson({ method: 'GET', path: one('runs'), status: 200 }, (body) => ({ ...body, status: 'failed' })),
    'later',
  ],
  [
    'an answer that was not stored',
    events,
    'stream.outcome',
    onJson({ method: 'GET', path: /\/messages$/, status: 200 }, (rows) => rows.filter(({ role }: { role: string }) => role === 'user')),
    'later',
  ],
  // The last one, because other flaws parse the data.
  ['data on several lines', events, 'stream.frame', onEvent(undefined, (block) => block.replace('data: {', 'data: {\ndata: '))],
];

const all = [...responses, ...lists, ...writes, ...streams];

/** Flaws of one operation that are planted at once. No two of them break the same rule. */
const passes: Case[][] = [];
for (const planted of all) {
  const [, operation, rule, , when] = planted;
  const open = passes.find((pass) =>
    pass.every(
      ([, otherOperation, otherRule, , other]) => operation === otherOperation && rule !== otherRule && when === other && when !== 'alone',
    ),
  );
  if (open) open.push(planted);
  else passes.push([planted]);
}

const titled = passes.map((pass) => [pass.map(([name]) => name).join(', '), pass] as const);

test.each(titled)('finds %s', async (_names, pass) => {
  const [[, operation, , , when]] = pass as [Case];
  const planted = pass.map(([, , rule]) => rule);
  const closeMs = planted.includes('stream.close') ? 250 : 5_000;
  const found = await findingsWith(allOf(pass.map(([, , , flaw]) => flaw)), [operation], { closeMs });
  const broken = [...new Set(found.map(({ rule }) => rule))];
  if (when === 'alone') expect(broken).toEqual(expect.arrayContaining(planted));
  else expect(broken.sort()).toEqual(planted.sort());
  for (const finding of found)
    expect(finding).toMatchObject({ operation, request: expect.stringMatching(/^[A-Z]+ \/v1\//), what: expect.stringMatching(/./) });
});

/** A run that is silent for 1.3 seconds. */
const planPause = () => {
  const script: Script = function* () {
    yield* say('One');
    yield { pause: 1_300 };
    yield* say(' two');
  };
  // The first run belongs to the sample, the others are read live.
  mock.mocks.plan(script, script, script, script);
};

test('finds silence without a heartbeat', async () => {
  const found = await findingsWith({}, [events], { heartbeatMs: 100 }, planPause);
  expect(found.map(({ rule }) => rule)).toEqual(['stream.heartbeat']);
});

test('finds events that are collected, and follow=false that waits for the end', async () => {
  const collected: Flaw = {
    async *stream(blocks) {
      const kept: string[] = [];
      for await (const block of blocks) kept.push(block);
      yield* kept;
    },
  };
  expect((await findingsWith(collected, [events], {}, planPause)).map(({ rule }) => rule)).toContain('stream.live');
  const following = onRequest('GET', /\/events$/, ({ query }) => query.delete('follow'));
  expect((await findingsWith(following, [events], {}, planPause)).map(({ rule }) => rule)).toContain('stream.follow');
});

test('durations that are wrong in one run only are no finding: a machine that pauses has them too', async () => {
  const runs = new Set<string>();
  const once: Flaw = {
    async *stream(blocks, { path }) {
      const isCollected = [...runs.add(path)].indexOf(path) === 1;
      const kept: string[] = [];
      for await (const block of blocks)
        if (isCollected) kept.push(block);
        else yield block;
      yield* kept;
    },
  };
  expect(await findingsWith(once, [events], {}, planPause)).toEqual([]);
});

test('finds nothing without a flaw', async () => {
  expect(await findingsWith({}, [...new Set(all.map(([, operation]) => operation))])).toEqual([]);
});

test('finds a deprecated operation that does not say so', () => {
  const { route: listed } = operations.find(({ id }) => id === 'threads.list')!;
  const deprecated = { since: '2026-01-01', sunset: '2026-07-01', use: '`GET /v1/runs`' } as const;
  const foundIn = (more: HeadersInit) => {
    const headers = new Headers({ 'content-type': 'application/json; charset=utf-8', 'x-trace-id': 'a'.repeat(32), ...more });
    const route: Route = Object.assign({}, listed, { metadata: { ...listed.metadata, deprecated } });
    return violationsOf(route, { status: 200, headers, text: '[]', body: [] });
  };
  const announced = { deprecation: '@1767225600', sunset: 'Wed, 01 Jul 2026 23:59:59 GMT' };
  expect(foundIn(announced)).toEqual([]);
  expect(foundIn({ ...announced, sunset: 'never' }).map(({ rule }) => rule)).toEqual(['response.deprecation']);
  expect(foundIn({})).toHaveLength(2);
});

test('plants flaws of many kinds', () => {
  expect(all.length).toBeGreaterThanOrEqual(60);
  expect(new Set(all.map(([, , rule]) => rule)).size).toBeGreaterThanOrEqual(40);
  expect(Object.keys(rules)).toEqual(expect.arrayContaining(all.map(([, , rule]) => rule)));
});
