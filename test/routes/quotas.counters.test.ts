import fc from 'fast-check';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { migrations } from '../../server/database/migrations/index.ts';
import { emptyClosedAccounts } from '../../server/jobs/closedAccounts.ts';
import { removeExpiredThreads } from '../../server/jobs/housekeeping.ts';
import { removeAttachments } from '../../server/jobs/removeAttachments.ts';
import { removeOldRevisions } from '../../server/jobs/sweepWorkspaces.ts';
import { countEndedRuns } from '../../server/runs/archive/eventBytes.ts';
import { removeArchives } from '../../server/runs/archive/removeArchives.ts';
import { workspaceToolsFactory } from '../support/agent/workspaceTools.ts';
import { freshDatabase, type Person, startTestApp } from '../support/app/testApp.ts';
import { stage } from '../support/http/forms.ts';
import { statusAndReason } from '../support/http/responses.ts';
import { eventually } from '../support/resources/conversation.ts';
import { storageOf } from '../support/resources/files.ts';
import { expectQuotaCounters, storageUsed } from '../support/resources/quotas.ts';

const app = await startTestApp();
const { database, sql, call } = app;
const storage = storageOf(app);
afterAll(() => storage.close());
const log = pino({ level: 'silent' });
const openTools = workspaceToolsFactory(app);

/** Expects exactly one attachment or workspace row per stored object. */
async function expectStored() {
  const keysOf = (prefix: string) => Array.fromAsync(storage.list(prefix));
  const keys = [...(await keysOf('attachments/')), ...(await keysOf('workspaces/'))].sort();
  const rows = await sql(`
    select 'attachments/' || account_id || '/' || id as key from attachments
    union all select 'workspaces/' || workspace_ref || '/' || name from workspace_objects`);
  expect(rows.map(({ key }) => key).sort()).toEqual(keys);
}

const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

/** Actions of a user and of workers. Each succeeds or is rejected; a 5xx throws. */
function actions({ me, use }: Awaited<ReturnType<typeof openTools>>) {
  const { token, accountId } = me;
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await call(method, path, { token, ...(body && { body }) });
    if (answer.status >= 500) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  const threads = async (): Promise<string[]> =>
    (await sql('select id from threads where account_id = $1 and deleted_at is null order by id', [accountId])).map(({ id }) => id);
  const messages = (thread: string): Promise<{ id: string }[]> =>
    sql(`select id from messages where thread_id = $1 and visible and role = 'user' order by number`, [thread]);
  const inThread = (act: (thread: string, at: number, size: number) => Promise<unknown>) => async (at: number, size: number) => {
    const thread = pick(await threads(), at);
    return thread && act(thread, at, size);
  };
  /** Undefined if `sweepAttachments`, which ages all uploads, removes this one while it arrives. */
  const upload = async (content: string): Promise<string | undefined> => {
    const answer = await stage(app, me, { filename: 'sample.txt', type: 'text/plain', content });
    if (answer.status === 503) expect(statusAndReason(answer)).toEqual([503, 'attachment_storage_unavailable']);
    else expect(answer.status).toBe(201);
    return answer.body.key;
  };
  return {
    open: (at: number) => ask('POST', '/v1/threads', { title: `T${at}`, is_private: at % 5 === 0 }),
    say: inThread((thread, _, size) => ask('POST', `/v1/threads/${thread}/messages`, { content: 'ü'.repeat(size + 1) })),
    attach: inThread(async (thread, _, size) => {
      const key = await upload('x'.repeat(size + 1));
      const file = { type: 'file', attachment: { key, filename: 'a.txt', mime_type: 'text/plain', size: 1 }, extracted_text: '{"ä"}' };
      return key && ask('POST', `/v1/threads/${thread}/messages`, { content_json: { parts: [{ type: 'text', text: 'See' }, file] } });
    }),
    stage: (_: number, size: number) => upload('y'.repeat(size + 1)),
    edit: inThread(async (thread, at, size) => {
      const message = pick(await messages(thread), at);
      return message && ask('PATCH', `/v1/threads/${thread}/messages/${message.id}`, { content: 'z'.repeat(size + 1) });
    }),
    fork: inThread(async (thread, at) => {
      const message = pick(await messages(thread), at);
      return message && ask('POST', `/v1/threads/${thread}:fork`, { message_id: message.id });
    }),
    share: inThread((thread) => ask('POST', `/v1/threads/${thread}:share`, {})),
    unshare: inThread(async (thread) => {
      const [share] = await sql('select id from thread_shares where thread_id = $1 limit 1', [thread]);
      return share && ask('DELETE', `/v1/threads/${thread}:share?id=${share.id}`);
    }),
    run: inThread((thread) => ask('POST', `/v1/threads/${thread}/runs`, {})),
    retry: inThread((thread) => ask('POST', `/v1/threads/${thread}:retry`, {})),
    remove: inThread((thread) => ask('DELETE', `/v1/threads/${thread}`)),
    write: (at: number, size: number) => use('write', { path: `f${at % 3}`, content: 'w'.repeat(size + (at % 2)) }),
    expire: async () => {
      await sql(`update threads set expires_at = now() - interval '1 second' where account_id = $1 and is_private`, [accountId]);
      await removeExpiredThreads(database);
    },
    sweepFiles: async () => {
      await sql(`update workspaces set leftovers_since = now() - interval '2 hours' where account_id = $1`, [accountId]);
      await removeOldRevisions({ database, storage, log });
    },
    countEvents: () => countEndedRuns(database),
    removeEvents: async () => {
      await sql(`update run_event_archives set claimed_at = claimed_at - interval '11 minutes' where account_id = $1`, [accountId]);
      await removeArchives({ database, storage }, { months: 3 });
    },
    sweepAttachments: async () => {
      await sql(`update attachments set created_at = now() - interval '2 days' where account_id = $1`, [accountId]);
      await removeAttachments({ database, storage });
    },
  };
}

const names = Object.keys(actions(await openTools())) as (keyof ReturnType<typeof actions>)[];
const step = fc.record({ name: fc.constantFrom(...names), at: fc.nat(50), size: fc.nat(3_000) });

const idle = async ({ accountId }: Person) =>
  (await sql(`select 1 from runs where account_id = $1 and status in ('running', 'waiting_for_input', 'cancelling')`, [accountId]))
    .length === 0;

test('after any actions, four at a time, the counters equal the stored sizes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const tools = await openTools();
      const able = actions(tools);
      for (let at = 0; at < steps.length; at += 4) {
        await Promise.all(steps.slice(at, at + 4).map(({ name, at: which, size }) => able[name](which, size)));
        await expectQuotaCounters(app);
      }
      await eventually(() => idle(tools.me), 'the end of all runs');
      await countEndedRuns(database);
      await expectQuotaCounters(app);
      await expectStored();
      // After deletion and cleanup nothing is left.
      await sql('update accounts set deleted_at = now() where id = $1', [tools.me.accountId]);
      await emptyClosedAccounts(database);
      await able.sweepAttachments();
      await removeOldRevisions({ database, storage, log });
      await sql(`update run_event_archives set claimed_at = claimed_at - interval '11 minutes'`);
      await removeArchives({ database, storage }, { months: 3 });
      const left = await sql('select quota, used from quota_usage where account_id = $1 and used <> 0', [tools.me.accountId]);
      expect(left).toEqual([]);
      await expectStored();
    }),
    { numRuns: 6 },
  );
});

test('a recount corrects wrong counters during concurrent writes', async () => {
  const person = await app.signUp();
  const thread = (await call('POST', '/v1/threads', { token: person.token, body: {} })).body.id;
  const say = () => call('POST', `/v1/threads/${thread}/messages`, { token: person.token, body: { content: 'x' } });
  await say();
  await sql(`update quota_usage set used = 7 where account_id = $1`, [person.accountId]);
  await sql(`delete from quota_usage where account_id = $1 and quota = 'attachments'`, [person.accountId]);
  await Promise.all([
    ...Array.from({ length: 10 }, say),
    ...Array.from({ length: 5 }, () => sql('select recount_quota_usage($1)', [person.accountId])),
  ]);
  await expectQuotaCounters(app);
});

describe('a deleted project or account', () => {
  test('deletes the files of the project', async () => {
    const { me, use, run } = await openTools();
    const { token } = me;
    const project = (await call('POST', '/v1/projects', { token, body: { name: 'P' } })).body.id;
    const thread = (await call('POST', '/v1/threads', { token, body: { project_id: project } })).body.id;
    for (const path of ['a', 'b'])
      await use('write', { path, content: path.repeat(1_000) }, undefined, { ...run, id: thread, thread_id: thread });
    await use('write', { path: 'kept', content: 'y' });
    const before = (await storageUsed(app, me)).workspaces!;
    expect(before).toBeGreaterThan(2_000);
    expect((await call('DELETE', `/v1/projects/${project}`, { token })).status).toBe(204);
    await removeOldRevisions({ database, storage, log });
    const after = (await storageUsed(app, me)).workspaces!;
    expect([after > 0, after < 1_000]).toEqual([true, true]);
    expect((await use('read', { path: 'kept' })).content).toBe('y');
    await expectQuotaCounters(app);
    await expectStored();
  });

  test('leaves only the statistics of the account', async () => {
    const owner = await app.signUp();
    const { id, slug } = (await call('POST', '/v1/accounts', { token: owner.token, body: { slug: `s-${Date.now()}`, name: 'S' } })).body;
    const as = { token: owner.token, headers: { 'x-account-id': id } };
    const thread = (await call('POST', '/v1/threads', { ...as, body: {} })).body.id;
    await call('POST', `/v1/threads/${thread}/messages`, { ...as, body: { content: 'x' } });
    await call('POST', `/v1/threads/${thread}:share`, { ...as, body: {} });
    await sql(
      `insert into skills (account_id, id, name, description, file_count, size)
       select $1, gen_random_uuid(), 's-' || n, 'More than a batch.', 1, 1 from generate_series(1, 150) n`,
      [id],
    );
    expect((await call('DELETE', `/v1/accounts/${id}`, { token: owner.token, body: { slug } })).status).toBe(204);
    expect(await emptyClosedAccounts(database)).toBe(1);
    expect(await sql('select 1 from skills where account_id = $1', [id])).toEqual([]);
    expect(await sql('select 1 from messages where account_id = $1', [id])).toEqual([]);
    expect(await sql('select used from quota_usage where account_id = $1', [id])).toEqual([{ used: 0 }]);
    expect(await emptyClosedAccounts(database)).toBe(0);
  });
});

test('the migration counts existing rows and empties deleted threads', async () => {
  const client = new pg.Client({ connectionString: await freshDatabase() });
  await client.connect();
  const statements = (direction: 'up' | 'down') => {
    const texts: string[] = [];
    const { class: Migration } = migrations.find(({ name }) => name === 'Migration00026')!;
    Migration.prototype[direction].call({ addSql: (text: string) => void texts.push(text) } as never);
    return texts;
  };
  for (const text of statements('down')) await client.query(text);
  const [user, account, kept, deleted] = Array.from({ length: 4 }, () => crypto.randomUUID());
  await client.query(`insert into users (id, username) values ($1, 'u')`, [user]);
  await client.query(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, 'a', 'A', 'personal', $2)`, [account, user]);
  for (const thread of [kept, deleted]) {
    await client.query('insert into threads (account_id, id, deleted_at) values ($1, $2, $3)', [
      account,
      thread,
      thread === deleted ? new Date() : null,
    ]);
    await client.query(
      `insert into messages (account_id, thread_id, number, id, role, content) values ($1, $2, 1, gen_random_uuid(), 'user', 'äx')`,
      [account, thread],
    );
  }
  await client.query(
    `insert into attachments (account_id, id, state, uploader_user_id, name, mime_type, kind, size, sha256)
     values ($1, gen_random_uuid(), 'staged', $2, 'a', 'text/plain', 'file', 77, 'h')`,
    [account, user],
  );
  for (const text of statements('up')) await client.query(text);
  const { rows } = await client.query('select quota, used::int from quota_usage order by quota');
  expect(rows).toEqual([
    { quota: 'attachments', used: 77 },
    { quota: 'messages', used: 1_024 + 256 + 3 },
  ]);
  expect((await client.query('select thread_id from messages')).rows).toEqual([{ thread_id: kept }]);
  await client.end();
});
