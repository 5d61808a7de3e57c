import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Call, callWithin } from '../../../client/conformance/call.ts';
import { type Tenant, tenantPassword } from '../tenant.ts';

/** What a noisy tenant has: its API calls never throw. */
type Noisy = {
  url: string;
  databaseUrl: string;
  modelUrl: string;
  tenant: Tenant;
  signal: AbortSignal;
  /** Called when all is prepared and the noise begins. */
  onBegin: () => void;
  /** How often each status was the answer; 0 is none. */
  statuses: Map<number, number>;
};

type Noise = (noisy: Noisy) => Promise<void>;

const silent = { status: 0, body: undefined, text: '', headers: new Headers() };

/** Calls of the tenant. A failed one is what a flood expects. */
function callsOf({ url, tenant: { token }, statuses }: Noisy): Call {
  const call = callWithin(url, 120_000);
  return async (method, path, options) => {
    const answer = await call(method, path, { token, ...options }).catch(() => silent);
    count(statuses, answer.status);
    return answer;
  };
}

const count = (statuses: Map<number, number>, status: number) => void statuses.set(status, (statuses.get(status) ?? 0) + 1);

/** Repeats the work in `width` places at once until the end. A place that is refused pauses, as a busy client does. */
async function flood({ signal, onBegin }: Noisy, width: number, work: (turn: number) => Promise<{ status: number } | void>) {
  onBegin();
  let turn = 0;
  const place = async () => {
    while (!signal.aborted) {
      const answer = await work(turn++);
      if (answer && (answer.status === 0 || answer.status >= 400)) await sleep(20);
    }
  };
  await Promise.all(Array.from({ length: width }, place));
}

const flooding =
  (width: number, method: string, path: string | ((noisy: Noisy, turn: number) => string), bodyOf?: (turn: number) => unknown): Noise =>
  (noisy) => {
    const call = callsOf(noisy);
    return flood(noisy, width, (turn) =>
      call(method, typeof path === 'string' ? path : path(noisy, turn), bodyOf ? { body: bodyOf(turn) } : {}),
    );
  };

/** Reads a thread with 1,000 messages of 10 kB, or its share. */
const readingLong =
  (width: number, pathOf: (made: { threadId: string; share: string }) => string): Noise =>
  async (noisy) => {
    const call = callsOf(noisy);
    const { body: thread } = await call('POST', '/v1/threads', { body: { title: 'Long' } });
    const content = 'word '.repeat(2_000);
    for (let at = 0; at < 50; at++)
      await Promise.all(Array.from({ length: 20 }, () => call('POST', `/v1/threads/${thread?.id}/messages`, { body: { content } })));
    const { body: share } = await call('POST', `/v1/threads/${thread?.id}:share`, { body: {} });
    const path = pathOf({ threadId: thread?.id, share: share?.token });
    await flood(noisy, width, () => call('GET', path));
  };

/** Starts runs with the input in threads of their own, as many as the account may have at once. */
const running =
  (width: number, content: string): Noise =>
  async (noisy) => {
    const call = callsOf(noisy);
    await flood(noisy, width, async () => {
      const { body: thread } = await call('POST', '/v1/threads', { body: { title: 'Noise' } });
      if (!thread?.id) return silent;
      await call('POST', `/v1/threads/${thread.id}/messages`, { body: { content } });
      const run = await call('POST', `/v1/threads/${thread.id}/runs`, { body: {} });
      if (run.status !== 201) return run;
      // Reads the stream until it ends.
      await call('GET', `/v1/runs/${run.body.run_id}/events`);
    });
  };

const completing =
  (width: number, content: string, stream = false): Noise =>
  (noisy) => {
    const call = callsOf(noisy);
    const body = { model: 'm', messages: [{ role: 'user', content }], ...(stream && { stream }) };
    return flood(noisy, width, () => call('POST', '/v1/chat/completions', { body }));
  };

/** Holds the row of the tenant's account, and floods a request that waits for it. */
const lockAccount: Noise = async (noisy) => {
  const client = new pg.Client({ connectionString: noisy.databaseUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select 1 from accounts where id = $1 for update', [noisy.tenant.accountId]);
    await flooding(100, 'POST', '/v1/memories', (turn) => ({ content: `Fact ${turn}` }))(noisy);
  } finally {
    await client.end();
  }
};

/** Webhooks whose receiver never answers: it is the model server of the tenant, at a path that hangs. */
const webhooks =
  (path: string): Noise =>
  async (noisy) => {
    const call = callsOf(noisy);
    await call('POST', '/v1/webhook-endpoints', { body: { url: `${noisy.modelUrl}${path}`, events: ['run.completed'] } });
    await running(10, 'hello')(noisy);
  };

const slowBodies: Noise = async ({ url, tenant, signal, statuses, onBegin }) => {
  onBegin();
  const body = () =>
    new ReadableStream({
      async pull(controller) {
        await sleep(200);
        if (signal.aborted) controller.close();
        else controller.enqueue(new Uint8Array(64));
      },
    });
  const send = () =>
    fetch(`${url}/v1/threads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
      body: body(),
      duplex: 'half',
      signal,
    } as RequestInit).then(
      ({ status }) => count(statuses, status),
      () => count(statuses, 0),
    );
  while (!signal.aborted) await Promise.all(Array.from({ length: 100 }, send));
};

const uploads: Noise = async (noisy) => {
  const file = new File([new Uint8Array(15 * 2 ** 20)], 'a.bin');
  await flood(noisy, 8, async () => {
    const form = new FormData();
    form.set('file', file);
    const headers = { authorization: `Bearer ${noisy.tenant.token}` };
    const sent = await fetch(`${noisy.url}/v1/attachments/stage`, { method: 'POST', body: form, headers, signal: noisy.signal }).catch(
      () => undefined,
    );
    await sent?.text().catch(() => undefined);
    count(noisy.statuses, sent?.status ?? 0);
    return { status: sent?.status ?? 0 };
  });
};

/** Streams of runs that never end, opened and left again. */
const streams: Noise = async (noisy) => {
  const call = callsOf(noisy);
  const { body: thread } = await call('POST', '/v1/threads', { body: { title: 'Noise' } });
  await call('POST', `/v1/threads/${thread?.id}/messages`, { body: { content: 'silence' } });
  const { body: run } = await call('POST', `/v1/threads/${thread?.id}/runs`, { body: {} });
  await flood(noisy, 100, async () => {
    const signal = AbortSignal.any([noisy.signal, AbortSignal.timeout(1_000)]);
    const headers = { authorization: `Bearer ${noisy.tenant.token}` };
    const stream = await fetch(`${noisy.url}/v1/runs/${run?.run_id}/events`, { headers, signal }).catch(() => undefined);
    await stream?.text().catch(() => undefined);
    count(noisy.statuses, stream?.status ?? 0);
    return { status: stream?.status ?? 0 };
  });
};

const inputs: Noise = async (noisy) => {
  const call = callsOf(noisy);
  const { body: thread } = await call('POST', '/v1/threads', { body: { title: 'Noise' } });
  await call('POST', `/v1/threads/${thread?.id}/messages`, { body: { content: 'silence' } });
  const { body: run } = await call('POST', `/v1/threads/${thread?.id}/runs`, { body: {} });
  await flood(noisy, 20, () => call('POST', `/v1/runs/${run?.run_id}/input`, { body: { content: 'x'.repeat(10_000) } }));
};

const keys: Noise = async (noisy) => {
  const call = callsOf(noisy);
  await flood(noisy, 20, async () => {
    const made = await call('POST', '/v1/api-keys', { body: { name: 'noise' } });
    if (!made.body?.id) return made;
    await call('GET', '/v1/threads', { token: made.body.key });
    return call('DELETE', `/v1/api-keys/${made.body.id}`);
  });
};

/** Each kind of neighbour. The names are the rows of the table. */
export const noises: Readonly<Record<string, Noise>> = {
  'writes memories, 100 at once': flooding(100, 'POST', '/v1/memories', (turn) => ({ content: `Fact ${turn}` })),
  'writes memories while its account is locked': lockAccount,
  'creates threads, 200 at once': flooding(200, 'POST', '/v1/threads', (turn) => ({ title: `Noise ${turn}` })),
  'reads 10 MB of messages': readingLong(20, ({ threadId }) => `/v1/threads/${threadId}/messages?limit=200`),
  'reads a large share': readingLong(12, ({ share }) => `/v1/s/${share}`),
  searches: flooding(50, 'GET', (_, turn) => `/v1/threads/search?q=${turn % 10}x`),
  'exports its account': flooding(10, 'GET', ({ tenant }) => `/v1/accounts/${tenant.accountId}/export`),
  'exports its audit log': flooding(10, 'GET', '/v1/audit-logs/export'),
  'reads its usage': flooding(50, 'GET', '/v1/me/usage/by-model'),
  'calls a model that never ends': completing(6, 'endless'),
  'streams a model that never ends': completing(6, 'endless', true),
  'calls a model that sends one endless line': completing(6, 'line'),
  'calls a model that is silent': completing(50, 'silence'),
  'starts runs': running(50, 'hello'),
  'starts runs of 100,000 deltas': running(10, 'deltas 100000'),
  'starts runs that never end': running(10, 'endless'),
  'starts runs with 1,000 calls in a turn': running(10, 'calls 1000'),
  'starts runs with 40 MB of arguments': running(10, 'arguments'),
  'starts runs whose model is silent': running(50, 'silence'),
  'sends input to a run': inputs,
  'receives webhooks without an answer': webhooks('/v1/silence'),
  'receives webhooks with errors': webhooks('/nowhere'),
  'opens and leaves streams': streams,
  'sends slow bodies': slowBodies,
  'uploads files': uploads,
  'creates and revokes keys': keys,
  'signs in with wrong passwords': flooding(50, 'POST', '/v1/auth/login', () => ({ login: 'nobody', password: 'wrong password' })),
  'signs in': (noisy) => flooding(50, 'POST', '/v1/auth/login', () => ({ login: noisy.tenant.login, password: tenantPassword }))(noisy),
  'sends invalid bodies of 1 MB': flooding(20, 'POST', '/v1/threads', () => ({ title: 'x'.repeat(1_000_000) })),
  'asks for probes': flooding(50, 'GET', '/readyz'),
};
