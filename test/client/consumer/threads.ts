import { expect, test } from 'vitest';
import { type ApiError, isApiError, type MessagePart } from '../../../client/index.ts';
import { apiError, clientsOf, collect, errorOf, type Target, time, unknownId, uuid } from './target.ts';

/** Threads, messages, paging, isolation, and idempotency. */
export function describeThreads(target: Target) {
  const { register } = clientsOf(target);

  test('a thread is created, read, renamed, starred, searched and deleted', async () => {
    const { client, userId } = await register();
    const thread = await client.threads.create({ body: { title: 'Plans' } });
    const fresh = {
      title: 'Plans',
      created_by_user_id: userId,
      project_id: null,
      active_run_id: null,
      archived_at: null,
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
    expect(await errorOf(client.threads.update({ params, body: {} }))).toEqual(
      apiError(400, 'validation.error', 'no_fields', [['body', '']]),
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
    const archived = await client.threads.update({ params, body: { archived: true } });
    expect(archived.archived_at).toMatch(time);
    expect((await client.threads.list()).map(({ title }) => title)).toEqual([null]);
    expect(await client.threads.list({ query: { archived: true } })).toMatchObject([archived]);
    const find = async (isArchived: boolean) => (await client.threads.search({ query: { q: 'tulips', archived: isArchived } })).length;
    expect([await find(true), await find(false)]).toEqual([1, 0]);
    await client.messages.create({ params, body: { content: 'And daffodils' } });
    expect((await client.threads.get({ params })).archived_at).toBeNull();
    await client.threads.update({ params, body: { archived: true } });
    expect((await client.threads.update({ params, body: { archived: false } })).archived_at).toBeNull();
    expect(await client.threads.delete({ params })).toBeUndefined();
    expect(await errorOf(client.threads.get({ params }))).toEqual(apiError(404, 'not_found'));
    expect(await errorOf(client.messages.list({ params }).then())).toEqual(apiError(404, 'not_found'));
  });

  test('pages neither skip nor repeat items', async () => {
    const { client } = await register();
    for (let at = 1; at <= 5; at++) await client.threads.create({ body: { title: `T${at}` } });
    const first = await client.threads.list({ query: { limit: 2 } });
    expect([first.map(({ title }) => title), typeof first.nextCursor]).toEqual([['T5', 'T4'], 'string']);
    const titles: (string | null)[] = [];
    for await (const { title } of client.threads.list({ query: { limit: 2 } })) titles.push(title);
    expect(titles).toEqual(['T5', 'T4', 'T3', 'T2', 'T1']);
    const last = await client.threads.list({ query: { limit: 5 } });
    expect(last.nextCursor).toBeUndefined();
    expect(await errorOf(client.threads.list({ query: { before: 'garbage' } }).then())).toEqual(
      apiError(400, 'validation.error', undefined, [['query', 'before']]),
    );
    const elsewhere = client.projects.list({ query: { before: first.nextCursor } });
    expect(await errorOf(elsewhere.then())).toEqual(apiError(400, 'validation.error', 'invalid_cursor', [['query', 'before']]));
    expect(await errorOf(client.threads.list({ query: { limit: 201 } }).then())).toEqual(
      apiError(400, 'validation.error', undefined, [['query', 'limit']]),
    );
  });

  test('messages stay in order, and pages go back in time', async () => {
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
    expect(await errorOf(blank)).toEqual(apiError(400, 'validation.error', 'inconsistent_values', [['body', '/content']]));
    const extra = client.messages.create({ params, body: { content: 'x', colour: 'red' } as never });
    expect(await errorOf(extra)).toEqual(apiError(400, 'validation.error', undefined, [['body', '/colour']]));
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

  test('returns 404 for a thread of another user and for an unknown thread', async () => {
    const [mine, other] = [await register(), await register()];
    const thread = await other.client.threads.create({ body: {} });
    for (const thread_id of [thread.id, unknownId]) {
      expect(await errorOf(mine.client.threads.get({ params: { thread_id } }))).toEqual(apiError(404, 'not_found'));
      expect(await errorOf(mine.client.threads.delete({ params: { thread_id } }))).toEqual(apiError(404, 'not_found'));
      expect(await errorOf(mine.client.runs.create({ params: { thread_id } }))).toEqual(apiError(404, 'not_found'));
    }
    expect(await errorOf(mine.client.threads.get({ params: { thread_id: 'garbage' } }))).toEqual(
      apiError(400, 'validation.error', undefined, [['path', 'thread_id']]),
    );
  });

  test('a request repeated with an idempotency key takes effect once', async () => {
    const { client } = await register();
    const once = { idempotencyKey: 'order 66' };
    const first = await client.threads.create({ body: { title: 'Once' } }, once);
    expect(await client.threads.create({ body: { title: 'Once' } }, once)).toEqual(first);
    expect(await client.threads.list()).toHaveLength(1);
    const other = client.threads.create({ body: { title: 'Twice' } }, once);
    const error = await other.catch((reason: unknown) => reason);
    expect(isApiError(client.threads.create, error) && error.reason).toBe('idempotency_key_reused');
    expect((error as ApiError).status).toBe(409);
    const failing = { idempotencyKey: 'again' };
    expect(await errorOf(client.threads.create({ body: { project_id: unknownId } }, failing))).toMatchObject({ status: 400 });
    expect((await client.threads.create({ body: { title: 'Fine' } }, failing)).title).toBe('Fine');
    const strange = client.threads.create({ body: {} }, { idempotencyKey: 'k'.repeat(256) });
    expect(await errorOf(strange)).toEqual(apiError(400, 'validation.error', undefined, [['header', 'Idempotency-Key']]));
  });

  test('a thread without a title gets one from a message, and the next run reports it', async () => {
    const { client } = await register();
    const { id: thread_id } = await client.threads.create({ body: {} });
    const params = { thread_id };
    const titlesOf = async (content: string) => {
      await client.messages.create({ params, body: { content } });
      const { run_id } = await client.runs.create({ params });
      const events = await collect(client.runs.stream(run_id));
      return events.flatMap((event) => (event.type === 'thread.title.updated' ? [event.data] : []));
    };
    const text = `"A walk along the river ${'and back '.repeat(9)}`;
    const title = 'A walk along the river and back and back and back';
    expect(await titlesOf(`${text}\nTomorrow`)).toMatchObject([{ thread_id, title }]);
    expect((await client.threads.get({ params })).title).toBe(title);
    await client.threads.update({ params, body: { title: null } });
    expect((await client.threads.get({ params })).title).toBeNull();
    await client.messages.create({ params, body: { content: 'And now?' } });
    expect((await client.threads.get({ params })).title).toBe('And now?');
    expect(await titlesOf(`Whither ${'and back '.repeat(9)}?`)).toMatchObject([{ thread_id, title: 'And now?' }]);
    expect(await titlesOf('Whence?')).toEqual([]);
    expect((await client.threads.get({ params })).title).toBe('And now?');
  });

  test('a staged attachment is part of a message as it is', async () => {
    const { client } = await register();
    const { id: thread_id } = await client.threads.create({ body: {} });
    const staged = await client.attachments.stage({ body: { file: new File(['High at noon.'], 'tides.txt', { type: 'text/plain' }) } });
    const { key, filename, mime_type, size } = staged;
    const parts = [
      { type: 'text' as const, text: 'See here' },
      { type: staged.kind, attachment: staged },
    ];
    const message = await client.messages.create({ params: { thread_id }, body: { content_json: { parts } } });
    expect(message.content_json).toEqual({
      parts: [
        parts[0],
        { type: 'file', attachment: { key: expect.any(String), filename, mime_type, size }, extracted_text: 'High at noon.' },
      ],
    });
    const { attachment } = message.content_json!.parts[1] as Extract<MessagePart, { type: 'file' }>;
    expect(await (await client.attachments.get({ params: { key: attachment.key } })).text()).toBe('High at noon.');
    const edit = { params: { thread_id, message_id: message.id }, body: { content: 'Look here' } };
    await collect(client.runs.stream((await client.runs.editMessage(edit)).run_id));
    const [edited] = await client.messages.list({ params: { thread_id } });
    expect(edited!.content_json!.parts).toEqual([{ type: 'text', text: 'Look here' }, message.content_json!.parts[1]]);
    expect(edited!.content).toBe('Look here\n\n[file: tides.txt]\nHigh at noon.');
    const again = client.messages.create({ params: { thread_id }, body: { content_json: { parts } } });
    expect(await errorOf(again)).toMatchObject({ status: 400, reason: 'attachment_not_found' });
    expect(await errorOf(client.attachments.get({ params: { key } }))).toMatchObject({ status: 404 });
    const kept = { type: 'image' as const, attachment };
    expect(await errorOf(client.messages.create({ params: { thread_id }, body: { content_json: { parts: [kept] } } }))).toMatchObject({
      status: 400,
      reason: 'attachment_kind_mismatch',
    });
    const gone = { type: 'file' as const, attachment: { ...staged, key: `${key}0` } };
    expect(await errorOf(client.messages.create({ params: { thread_id }, body: { content_json: { parts: [gone] } } }))).toMatchObject({
      status: 400,
    });
  });
}
