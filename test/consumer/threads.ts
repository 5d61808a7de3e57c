import { expect, test } from 'vitest';
import { type ApiError, isRefusal } from '../../client/index.ts';
import { at, nobody, refusalOf, refused, type Target, time, uuid } from './target.ts';

/** Threads and messages, and what holds for every request. */
export function describeThreads(target: Target) {
  const { register } = at(target);

  test('a thread is opened, read, renamed, starred, found and deleted', async () => {
    const { client, userId } = await register();
    const thread = await client.threads.create({ body: { title: 'Plans' } });
    const fresh = {
      title: 'Plans',
      created_by_user_id: userId,
      project_id: null,
      active_run_id: null,
      is_private: false,
      expires_at: null,
    };
    expect(thread).toMatchObject(fresh);
    expect([thread.id, thread.created_at, thread.updated_at]).toEqual([
      expect.stringMatching(uuid),
      expect.stringMatching(time),
      thread.created_at,
    ]);
    const params = { thread_id: thread.id };
    expect(await client.threads.get({ params })).toEqual(thread);
    expect(await client.threads.update({ params, body: { title: 'Better plans' } })).toMatchObject({
      id: thread.id,
      title: 'Better plans',
    });
    expect(await refusalOf(client.threads.update({ params, body: {} }))).toEqual(
      refused(400, 'validation.error', 'no_fields', [['body', '']]),
    );
    expect((await client.threads.create({ body: { title: '  ' } })).title).toBeNull();
    const secret = await client.threads.create({ body: { is_private: true } });
    expect(secret.expires_at).toMatch(time);
    expect((await client.threads.list()).map(({ title }) => title)).toEqual([null, 'Better plans']);
    await client.threads.star({ params });
    expect(await client.threads.starred()).toEqual([thread.id]);
    await client.threads.unstar({ params });
    expect(await client.threads.starred()).toEqual([]);
    await client.messages.create({ params, body: { content: 'Buy tulips' } });
    expect((await client.threads.search({ query: { q: 'TULIPS' } })).map(({ id }) => id)).toEqual([thread.id]);
    expect(await client.threads.delete({ params })).toBeUndefined();
    expect(await refusalOf(client.threads.get({ params }))).toEqual(refused(404, 'not_found'));
    expect(await refusalOf(client.messages.list({ params }).then())).toEqual(refused(404, 'not_found'));
  });

  test('pages lose and repeat nothing', async () => {
    const { client } = await register();
    for (let at = 1; at <= 5; at++) await client.threads.create({ body: { title: `T${at}` } });
    const first = await client.threads.list({ query: { limit: 2 } });
    expect([first.map(({ title }) => title), typeof first.nextCursor]).toEqual([['T5', 'T4'], 'string']);
    const titles: (string | null)[] = [];
    for await (const { title } of client.threads.list({ query: { limit: 2 } })) titles.push(title);
    expect(titles).toEqual(['T5', 'T4', 'T3', 'T2', 'T1']);
    const last = await client.threads.list({ query: { limit: 5 } });
    expect(last.nextCursor).toBeUndefined();
    expect(await refusalOf(client.threads.list({ query: { before: 'garbage' } }).then())).toEqual(
      refused(400, 'validation.error', undefined, [['query', 'before']]),
    );
    const elsewhere = client.projects.list({ query: { before: first.nextCursor } });
    expect(await refusalOf(elsewhere.then())).toEqual(refused(400, 'validation.error', 'invalid_cursor', [['query', 'before']]));
    expect(await refusalOf(client.threads.list({ query: { limit: 201 } }).then())).toEqual(
      refused(400, 'validation.error', undefined, [['query', 'limit']]),
    );
  });

  test('messages stay in order, page by page back in time', async () => {
    const { client, userId } = await register();
    const { id: thread_id } = await client.threads.create({ body: {} });
    const params = { thread_id };
    for (const content of ['one', 'two', 'three']) await client.messages.create({ params, body: { content } });
    const all = await client.messages.list({ params });
    expect(all.map(({ content }) => content)).toEqual(['one', 'two', 'three']);
    expect(all[0]).toMatchObject({ role: 'user', thread_id, created_by_user_id: userId });
    const newest = await client.messages.list({ params, query: { limit: 2 } });
    expect(newest.map(({ content }) => content)).toEqual(['two', 'three']);
    const before = await client.messages.list({ params, query: { limit: 2, before: newest.nextCursor } });
    expect([before.map(({ content }) => content), before.nextCursor]).toEqual([['one'], undefined]);
    expect((await client.messages.list({ params, query: { order: 'desc' } })).map(({ content }) => content)).toEqual([
      'three',
      'two',
      'one',
    ]);
    const blank = client.messages.create({ params, body: { content: '  ' } });
    expect(await refusalOf(blank)).toEqual(refused(400, 'validation.error', 'inconsistent_values', [['body', '/content']]));
    const extra = client.messages.create({ params, body: { content: 'x', colour: 'red' } as never });
    expect(await refusalOf(extra)).toEqual(refused(400, 'validation.error', undefined, [['body', '/colour']]));
    const structured = { parts: [{ type: 'text' as const, text: 'Hello' }] };
    expect(await client.messages.create({ params, body: { content_json: structured } })).toMatchObject({
      content: 'Hello',
      content_json: structured,
    });
    const fork = await client.threads.fork({ params, body: { message_id: all[1]!.id } });
    expect(fork.parent_thread_id).toBe(thread_id);
    expect(fork.id_mapping.map(({ old_id }) => old_id)).toEqual([all[0]!.id, all[1]!.id]);
    expect((await client.messages.list({ params: { thread_id: fork.id } })).map(({ content }) => content)).toEqual(['one', 'two']);
  });

  test('what belongs to somebody else, or to nobody, is not there', async () => {
    const [mine, other] = [await register(), await register()];
    const thread = await other.client.threads.create({ body: {} });
    for (const thread_id of [thread.id, nobody]) {
      expect(await refusalOf(mine.client.threads.get({ params: { thread_id } }))).toEqual(refused(404, 'not_found'));
      expect(await refusalOf(mine.client.threads.delete({ params: { thread_id } }))).toEqual(refused(404, 'not_found'));
      expect(await refusalOf(mine.client.runs.create({ params: { thread_id } }))).toEqual(refused(404, 'not_found'));
    }
    expect(await refusalOf(mine.client.threads.get({ params: { thread_id: 'garbage' } }))).toEqual(
      refused(400, 'validation.error', undefined, [['path', 'thread_id']]),
    );
  });

  test('a repeated request has its effect once', async () => {
    const { client } = await register();
    const once = { idempotencyKey: 'order 66' };
    const first = await client.threads.create({ body: { title: 'Once' } }, once);
    expect(await client.threads.create({ body: { title: 'Once' } }, once)).toEqual(first);
    expect(await client.threads.list()).toHaveLength(1);
    const other = client.threads.create({ body: { title: 'Twice' } }, once);
    const error = await other.catch((reason: unknown) => reason);
    expect(isRefusal(client.threads.create, error) && error.reason).toBe('idempotency_key_reused');
    expect((error as ApiError).status).toBe(409);
    const failing = { idempotencyKey: 'again' };
    expect(await refusalOf(client.threads.create({ body: { project_id: nobody } }, failing))).toMatchObject({ status: 400 });
    expect((await client.threads.create({ body: { title: 'Fine' } }, failing)).title).toBe('Fine');
    const strange = client.threads.create({ body: {} }, { idempotencyKey: 'k'.repeat(256) });
    expect(await refusalOf(strange)).toEqual(refused(400, 'validation.error', undefined, [['header', 'Idempotency-Key']]));
  });
}
