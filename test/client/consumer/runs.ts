import { expect, test } from 'vitest';
import { questionAnswer, questionFields, type RunEvent } from '../../../client/index.ts';
import { answerText, apiError, clientsOf, collect, errorOf, readUntil, startRun, type Target, time, unknownId } from './target.ts';

/** Runs: streaming, resuming, cancellation, user input, and failures. */
export function describeRuns(target: Target) {
  const { open, register } = clientsOf(target);

  test('a run streams its answer and stores it as a message', async () => {
    const { client, userId } = await register();
    await target.plan(client, { say: 'Grüße, it is 22°.' });
    const { threadId, runId } = await startRun(client);
    const events = await collect(client.runs.stream(runId));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    expect(events[0]).toMatchObject({ type: 'run.started', run_id: runId, data: { source: 'api', continuation_source: 'none' } });
    expect(answerText(events)).toBe('Grüße, it is 22°.');
    const end = events.at(-1)!;
    const messages = await client.messages.list({ params: { thread_id: threadId } });
    expect(end).toMatchObject({ type: 'run.completed', data: { message_id: messages[1]!.id } });
    expect(messages[1]).toMatchObject({ role: 'assistant', content: 'Grüße, it is 22°.', run_id: runId, created_by_user_id: null });
    const run = await client.runs.get({ params: { run_id: runId } });
    expect(run).toMatchObject({ run_id: runId, thread_id: threadId, status: 'completed', created_by_user_id: userId, error: null });
    expect([run.completed_at, run.trace_id]).toEqual([expect.stringMatching(time), end.data.trace_id]);
    expect((await client.threads.get({ params: { thread_id: threadId } })).active_run_id).toBeNull();
    expect((await client.runs.listInThread({ params: { thread_id: threadId } })).map(({ run_id, status }) => [run_id, status])).toEqual([
      [runId, 'completed'],
    ]);
    expect((await client.runs.list({ query: { status: 'completed' } })).map(({ run_id }) => run_id)).toEqual([runId]);
    expect(await client.runs.list({ query: { status: 'failed' } })).toEqual([]);
  });

  test('the runs of a thread tell which message they answer, so that hidden answers can be shown as earlier versions', async () => {
    const { client } = await register();
    await target.plan(client, { say: 'One.' }, { say: 'Two.' }, { say: 'Three.' }, { say: 'Four.' });
    const { threadId, runId: first } = await startRun(client);
    await collect(client.runs.stream(first));
    const params = { thread_id: threadId };
    const [question] = await client.messages.list({ params });
    const { run_id: retried } = await client.runs.retry({ params });
    await collect(client.runs.stream(retried));
    const later = await client.messages.create({ params, body: { content: 'And now?' } });
    const { run_id: next } = await client.runs.create({ params });
    await collect(client.runs.stream(next));
    const { run_id: edited } = await client.runs.editMessage({
      params: { ...params, message_id: question!.id },
      body: { content: 'Changed' },
    });
    await collect(client.runs.stream(edited));
    const runs = await client.runs.listInThread({ params });
    expect(runs.map(({ run_id, thread_tail_message_id }) => [run_id, thread_tail_message_id])).toEqual([
      [edited, question!.id],
      [next, later.id],
      [retried, question!.id],
      [first, question!.id],
    ]);
    expect(answerText(await collect(client.runs.stream(first)))).toBe('One.');
  });

  test('a run is replayed in a copy of its thread, from its start or from a step', async () => {
    const { client } = await register();
    await target.plan(client, { say: 'One.' }, { say: 'Two.' }, { say: 'Three.' });
    const { threadId, runId } = await startRun(client);
    const events = await collect(client.runs.stream(runId));
    for (const [after_seq, text] of [
      [undefined, 'Two.'],
      [events.at(-1)!.seq, 'Three.'],
    ] as const) {
      const again = await client.runs.replay({ params: { run_id: runId }, body: { ...(after_seq && { after_seq }) } });
      const replayed = await collect(client.runs.stream(again.run_id));
      expect(replayed[0]!.data).toMatchObject({ source: 'replay', resume_from_run_id: runId, continuation_source: 'explicit' });
      expect(answerText(replayed)).toBe(text);
      expect((await client.messages.list({ params: { thread_id: again.thread_id } })).map(({ role }) => role)).toEqual([
        'user',
        'assistant',
      ]);
      expect((await client.threads.get({ params: { thread_id: again.thread_id } })).parent_thread_id).toBe(threadId);
    }
    expect(await client.messages.list({ params: { thread_id: threadId } })).toHaveLength(2);
    expect(await errorOf(client.runs.replay({ params: { run_id: unknownId }, body: {} }))).toEqual(apiError(404, 'not_found'));
  });

  test('a stream resumes after a sequence number, and ends without waiting if `follow` is false', async () => {
    const { client } = await register();
    await target.plan(client, { say: 'one two three' });
    const { runId } = await startRun(client);
    const events = await collect(client.runs.stream(runId));
    const rest = await collect(client.runs.stream(runId, { afterSeq: 3 }));
    expect(rest).toEqual(events.slice(3));
    expect(await collect(client.runs.stream(runId, { afterSeq: events.length, follow: false }))).toEqual([]);
    expect(await collect(client.runs.stream(runId, { afterSeq: events.length - 1 }))).toEqual(events.slice(-1));
    await target.plan(client, { waitAfter: 'Hm' });
    const open = await startRun(client);
    await readUntil(client, open.runId, 'message.delta');
    const soFar = await collect(client.runs.stream(open.runId, { follow: false }));
    expect([soFar[0]!.type, soFar.at(-1)!.type]).toEqual(['run.started', 'message.delta']);
    await client.runs.cancel({ params: { run_id: open.runId }, body: {} });
  });

  test('a thread has one run at a time, and a cancelled run can be continued', async () => {
    const { client } = await register();
    await target.plan(client, { waitAfter: 'Working' }, { say: 'Done' });
    const { threadId, runId } = await startRun(client);
    await readUntil(client, runId, 'message.delta');
    const thread = { thread_id: threadId };
    expect((await client.threads.get({ params: thread })).active_run_id).toBe(runId);
    expect(await errorOf(client.runs.create({ params: thread }))).toEqual(apiError(409, 'conflict', 'thread_busy'));
    expect(await client.runs.cancel({ params: { run_id: runId }, body: { last_seen_seq: 2 } })).toEqual({ ok: true });
    const events = await collect(client.runs.stream(runId));
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['run.cancel_requested', 'run.cancelled']);
    const list = async () => (await client.messages.list({ params: thread })).map(({ content, completion }) => ({ content, completion }));
    const [, incomplete] = await client.messages.list({ params: thread });
    expect(incomplete).toMatchObject({ role: 'assistant', content: 'Working', completion: 'stopped', run_id: runId });
    expect(events.at(-1)!.data).toMatchObject({ reason: 'cancel_signal', message_id: incomplete!.id });
    expect(await client.runs.get({ params: { run_id: runId } })).toMatchObject({ status: 'cancelled', completed_at: null });
    expect(await client.runs.cancel({ params: { run_id: runId }, body: {} })).toEqual({ ok: true });
    const late = client.runs.input({ params: { run_id: runId }, body: { content: 'Too late' } });
    expect(await errorOf(late)).toEqual(apiError(409, 'conflict', 'run_not_active'));
    const next = await client.runs.continue({ params: thread, body: { run_id: runId } });
    const more = await collect(client.runs.stream(next.run_id));
    expect(more[0]!.data).toMatchObject({ source: 'continue', resume_from_run_id: runId, continuation_source: 'explicit' });
    expect(more[0]!.data).toMatchObject({ continues_message_id: incomplete!.id });
    expect(answerText(more)).toBe('Done');
    expect((await list()).slice(1)).toEqual([{ content: 'WorkingDone', completion: 'complete' }]);
    expect(await errorOf(client.runs.continue({ params: thread, body: { run_id: next.run_id } }))).toEqual(
      apiError(409, 'conflict', 'run_cannot_continue'),
    );
  });

  test.each([
    { limit: '100 inputs', most: 100, content: 'x' },
    { limit: '1 MiB of input', most: 32, content: 'x'.repeat(2 ** 15) },
  ])('a run takes at most $limit that it has not read', async ({ most, content }) => {
    const { client } = await register();
    await target.plan(client, { waitAfter: 'Working' });
    const { runId } = await startRun(client);
    await readUntil(client, runId, 'message.delta');
    const send = (key: number) => client.runs.input({ params: { run_id: runId }, body: { content, input_key: `k${key}` } });
    for (let key = 0; key < most; key++) expect(await send(key)).toEqual({ ok: true });
    expect(await errorOf(send(most))).toEqual(apiError(409, 'conflict', 'too_many_inputs'));
    expect(await send(0)).toEqual({ ok: true });
    await client.runs.cancel({ params: { run_id: runId }, body: {} });
  });

  test('a run waits for the answer to its question', async () => {
    const { client } = await register();
    await target.plan(client, { ask: 'Which colour?', say: 'Blue it is.' });
    const { runId } = await startRun(client);
    const asked = (await readUntil(client, runId, 'run.waiting_for_input')).at(-1)!;
    expect(asked.data).toMatchObject({ reason: 'ask_user', message: 'Which colour?', timeout_ms: 300_000 });
    const params = { run_id: runId };
    expect((await client.runs.get({ params })).status).toBe('waiting_for_input');
    const answer = { content: 'blue', input_key: 'k1' };
    expect(await client.runs.input({ params, body: answer })).toEqual({ ok: true });
    expect(await client.runs.input({ params, body: answer })).toEqual({ ok: true });
    const events = await collect(client.runs.stream(runId));
    const turning = /^(tool\.(call|result)|run\.(input_requested|waiting_for_input|input_provided|resumed|completed))$/;
    expect(events.map(({ type }) => type).filter((type) => turning.test(type))).toEqual([
      'tool.call',
      'run.input_requested',
      'run.waiting_for_input',
      'run.input_provided',
      'run.resumed',
      'tool.result',
      'run.completed',
    ]);
    expect(events.find(({ type }) => type === 'run.input_provided')!.data).toMatchObject({ content: 'blue', input_key: 'k1' });
    expect(events.find(({ type }) => type === 'tool.result')!.data).toMatchObject({
      tool_name: 'ask_user',
      result: { user_response: 'blue' },
    });
    expect(answerText(events)).toBe('Blue it is.');
    expect(await client.runs.input({ params, body: answer })).toEqual({ ok: true });
  });

  test('a form can be answered as soon as the question is read', async () => {
    const { client } = await register();
    await target.plan(client, { ask: 'Which colour?', say: 'Blue it is.' });
    const { runId } = await startRun(client);
    const { data } = (await readUntil(client, runId, 'run.input_requested')).at(-1)!;
    const question = data as Extract<RunEvent, { type: 'run.input_requested' }>['data'];
    expect(questionFields(question)).toMatchObject([{ key: 'answer', type: 'string', required: true }]);
    const form = new FormData();
    form.set('answer', 'blue');
    const { request_id } = question;
    await client.runs.input({ params: { run_id: runId }, body: { content: questionAnswer(question, form), request_id } });
    const events = await collect(client.runs.stream(runId));
    expect(events.find(({ type }) => type === 'tool.result')!.data).toMatchObject({ result: { user_response: { answer: 'blue' } } });
    expect(answerText(events)).toBe('Blue it is.');
  });

  test('a failed run reports its error, and its message can be retried and edited', async () => {
    const { client } = await register();
    await target.plan(client, { fail: true }, { say: 'First' }, { say: 'Second' });
    const { threadId, runId } = await startRun(client, 'Hi');
    const end = (await collect(client.runs.stream(runId))).at(-1)!;
    expect(end).toMatchObject({ type: 'run.failed', data: { error_class: expect.any(String), resumable: expect.any(Boolean) } });
    const run = await client.runs.get({ params: { run_id: runId } });
    expect(run).toMatchObject({ status: 'failed', error: { error_class: end.error_class }, failed_at: expect.stringMatching(time) });
    const params = { thread_id: threadId };
    const retried = await client.runs.retry({ params, body: {} });
    expect((await collect(client.runs.stream(retried.run_id)))[0]!.data).toMatchObject({ source: 'retry' });
    const [question] = await client.messages.list({ params });
    const edited = await client.runs.editMessage({ params: { ...params, message_id: question!.id }, body: { content: 'Hello' } });
    await collect(client.runs.stream(edited.run_id));
    const messages = await client.messages.list({ params });
    expect(messages.map(({ content }) => content)).toEqual(['Hello', 'Second']);
    const empty = await client.threads.create({ body: {} });
    expect(await errorOf(client.runs.retry({ params: { thread_id: empty.id }, body: {} }))).toEqual(
      apiError(409, 'conflict', 'nothing_to_retry'),
    );
    expect(await errorOf(client.runs.create({ params: { thread_id: empty.id } }))).toEqual(apiError(409, 'conflict', 'thread_empty'));
    expect(await errorOf(open().runs.get({ params: { run_id: runId } }))).toMatchObject({ status: 401 });
  });
}
