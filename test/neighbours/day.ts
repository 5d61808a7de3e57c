import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, callWithin } from '../../client/conformance/call.ts';
import { isTerminal, openStream } from '../support/http/events.ts';
import { normalize } from './normalize.ts';
import { type Tenant, tenantPassword } from './tenant.ts';

/** What a tenant saw on a day: the answer of each request without what differs from day to day, and how long each took, in milliseconds. */
export type Day = { answers: { request: string; status: number; body: unknown }[]; kinds: Set<string>; durations: number[] };

type Options = {
  url: string;
  tenant: Tenant;
  /** The receiver of the tenant's webhooks, and what it has received. */
  receiverUrl: string;
  deliveries: readonly unknown[];
  runs: number;
  /** How often every page is read. */
  rounds: number;
};

const requestMs = 60_000;
const deliveryMs = 60_000;

/** Lives a day of fixed requests, one after another: settings, threads, runs with their streams, and reading. */
export async function liveDay({ url, tenant, receiverUrl, deliveries, runs, rounds }: Options): Promise<Day> {
  const call = callWithin(url, requestMs);
  const day: Day = { answers: [], kinds: new Set(), durations: [] };
  const known = normalize();
  const { token, accountId, userId } = tenant;

  const note = (kind: string, path: string, began: number, status: number, body: unknown) => {
    day.durations.push(performance.now() - began);
    day.kinds.add(kind);
    day.answers.push({ request: known(`${kind.split(' ')[0]} ${path}`) as string, status, body: known(body) });
  };
  /** `kind` is the operation, with the names of its parameters in braces. `more` are the values, by order, then the options of the request. */
  async function send(kind: string, values: readonly string[] = [], options: CallOptions = {}) {
    const [method = '', template = ''] = kind.split(' ');
    let at = 0;
    const path = template.replaceAll(/\{\w+\}/g, () => encodeURIComponent(values[at++] ?? ''));
    const began = performance.now();
    const { status, body, text } = await call(method, path, { token, ...options }).catch((error: Error) => ({
      status: 0,
      body: undefined,
      text: error.message,
    }));
    note(kind, path, began, status, body ?? text);
    return body;
  }
  const post = (kind: string, values: readonly string[], body: unknown = {}) => send(`POST ${kind}`, values, { body });
  const get = (kind: string, ...values: string[]) => send(`GET ${kind}`, values);

  async function converse(threadId: string, content: string) {
    await post('/v1/threads/{thread_id}/messages', [threadId], { content });
    const run = await post('/v1/threads/{thread_id}/runs', [threadId]);
    const began = performance.now();
    const stream = await openStream(url, run?.run_id, { token, signal: AbortSignal.timeout(requestMs) });
    await stream.ended;
    const said = stream.events.flatMap((event) => (event.type === 'message.delta' ? [event.data.content] : [])).join('');
    const types = stream.events.map(({ type }) => type).filter((type) => type !== 'message.delta');
    // The whole run is not one of the durations: how long it takes is told by its first and last requests.
    day.kinds.add('GET /v1/runs/{run_id}/events');
    day.answers.push({
      request: known(`stream of ${run?.run_id}`) as string,
      status: stream.status,
      body: { said, types, done: stream.events.some(isTerminal) },
    });
    day.durations.push((performance.now() - began) / Math.max(1, types.length));
    return run?.run_id as string;
  }

  async function settle() {
    await send('PATCH /v1/me', [], { body: { timezone: 'Europe/Berlin' } });
    const persona = await post('/v1/personas', [], { persona_key: 'guide', version: '1', display_name: 'Guide', prompt_md: 'Be kind.' });
    if (persona?.id) await send('PATCH /v1/personas/{id}', [persona.id], { body: { display_name: 'The guide' } });
    const memory = await post('/v1/memories', [], { content: 'Prefers short answers.' });
    if (memory?.id) await send('PATCH /v1/memories/{memory_id}', [memory.id], { body: { content: 'Prefers long answers.' } });
    const key = await post('/v1/api-keys', [], { name: 'shop', scopes: ['data.threads.read'] });
    if (key?.key) await send('GET /v1/threads', [], { token: key.key });
    if (key?.id) await send('DELETE /v1/api-keys/{id}', [key.id]);
    const project = await post('/v1/projects', [], { name: 'Garden' });
    if (project?.id) await send('PATCH /v1/projects/{project_id}', [project.id], { body: { name: 'The garden' } });
    await get('/v1/projects/{project_id}', project?.id);
    await get('/v1/projects/{project_id}/workspace/files', project?.id);
    const team = await post('/v1/teams', [], { name: 'Gardeners' });
    await get('/v1/teams/{team_id}/members', team?.id);
    const schedule = await post('/v1/schedules', [], { name: 'Daily', input: 'Water the plants', cron: '0 9 * * *' });
    await post('/v1/schedules/{schedule_id}:pause', [schedule?.id]);
    await get('/v1/schedules/{schedule_id}', schedule?.id);
    const invitation = await post('/v1/accounts/{account_id}/invitations', [accountId], { email: 'friend@example.test', role: 'member' });
    if (invitation?.id) await send('DELETE /v1/account-invitations/{invitation_id}', [invitation.id]);
    await post('/v1/auth/login', [], { login: tenant.login, password: tenantPassword });
  }

  async function talk() {
    let threadId = '';
    for (let at = 0; at < runs; at++) {
      if (at % 4 === 0) threadId = (await post('/v1/threads', [], { title: `Plan ${at}` }))?.id;
      const runId = await converse(threadId, `Question ${at}`);
      await get('/v1/runs/{run_id}', runId);
      await get('/v1/threads/{thread_id}/messages', threadId);
    }
    await post('/v1/threads/{thread_id}/star', [threadId]);
    await send('PATCH /v1/threads/{thread_id}', [threadId], { body: { title: 'The plan' } });
    const messages = await get('/v1/threads/{thread_id}/messages', threadId);
    const fork = await post('/v1/threads/{thread_id}:fork', [threadId], { message_id: messages?.at(-1)?.id });
    const share = await post('/v1/threads/{thread_id}:share', [threadId], {});
    if (share?.token) await send('GET /v1/s/{token}', [share.token], { token: undefined });
    await get('/v1/threads/{thread_id}:share', threadId);
    if (fork?.id) await send('DELETE /v1/threads/{thread_id}', [fork.id]);
    await send('GET /v1/threads/{thread_id}', [fork?.id ?? userId]);
    await post('/v1/threads', [], { title: 7 });
  }

  const pages = [
    '/v1/me',
    '/v1/accounts/me',
    '/v1/threads',
    '/v1/threads/starred',
    '/v1/threads/search?q=plan',
    '/v1/runs?limit=20',
    '/v1/projects',
    '/v1/personas',
    '/v1/me/selectable-personas',
    '/v1/llm-providers',
    '/v1/mcp-configs',
    '/v1/tool-providers',
    '/v1/webhook-endpoints',
    '/v1/memories',
    '/v1/skills',
    '/v1/schedules',
    '/v1/teams',
    '/v1/api-keys',
    '/v1/me/credits',
    '/v1/me/usage',
    '/v1/me/usage/by-model',
    '/v1/plans',
    '/v1/notifications',
    '/v1/me/feature-flags',
    '/v1/ip-rules',
    '/v1/asr-credentials',
    '/v1/models',
  ];

  const endpoint = await post('/v1/webhook-endpoints', [], { url: `${receiverUrl}/hooks`, events: ['run.completed'] });
  await settle();
  await talk();
  for (let round = 0; round < rounds; round++) {
    for (const page of pages) await get(page);
    await get('/v1/accounts/{account_id}', accountId);
    await get('/v1/accounts/{account_id}/members', accountId);
    await get('/v1/webhook-endpoints/{endpoint_id}', endpoint?.id);
  }
  for (const until = Date.now() + deliveryMs; deliveries.length < runs && Date.now() < until;) await sleep(50);
  day.answers.push({ request: 'webhooks', status: 200, body: { delivered: deliveries.length } });
  return day;
}
