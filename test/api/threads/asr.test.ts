import { expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { startTranscriber } from '../../support/agent/transcriber.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { formOf, type Part } from '../../support/http/forms.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { sql, call, signUp, joinAccount, promote, url } = app;
const { base, heard, replies } = await startTranscriber();
const secret = 'gsk_secret-7f3d09c1a2';
const [alice, member, platformAdmin] = [await signUp(), await signUp(), await signUp()];
await joinAccount(member, alice);
await promote(platformAdmin);
const inAlicesAccount = { 'x-account-id': alice.accountId };

const fields = (more: object = {}) => ({
  name: `c-${Math.random()}`,
  provider: 'openai',
  api_key: secret,
  model: 'whisper-1',
  base_url: base,
  ...more,
});
const add = async (more: object = {}, by: Person = alice) =>
  (await call('POST', '/v1/asr-credentials', { token: by.token, body: fields(more) })).body as { id: string; is_default: boolean };
const recording: Part = { filename: 'talk.wav', type: 'audio/wav', content: 'RIFF sound' };
const sendRecording = (parts: readonly Part[] = [recording], by: Person = alice, headers = {}) => {
  const form = formOf(parts);
  return call('POST', '/v1/asr/transcribe', { token: by.token, raw: form.raw, headers: { ...form.headers, ...headers } });
};
const lastRequest = () => heard.at(-1)!;

test('without a default credential the request is rejected before its body is validated', async () => {
  const carol = await signUp();
  expect(statusAndReason(await sendRecording([recording], carol))).toEqual([409, 'no_default_credential']);
  expect(statusAndReason(await sendRecording([], carol))).toEqual([409, 'no_default_credential']);
  await add({}, carol);
  expect(statusAndReason(await sendRecording([recording], carol))).toEqual([409, 'no_default_credential']);
  const { id } = await add({}, carol);
  expect((await call('POST', `/v1/asr-credentials/${id}/set-default`, { token: carol.token })).body).toEqual({ ok: true });
  const answer = await sendRecording(
    [
      { name: 'language', content: 'pt-BR' },
      { ...recording, filename: '../a$b\u00e9.wav' },
    ],
    carol,
  );
  expect([answer.status, answer.body]).toEqual([200, { text: 'hello' }]);
  const { path, headers, start, whole } = lastRequest();
  expect([path, headers.authorization, whole]).toEqual(['/v1/audio/transcriptions', `Bearer ${secret}`, true]);
  const part = (head: string, content: string) => `content-disposition: form-data; name=${head}\r\n\r\n${content}\r\n`;
  for (const one of [
    part('"model"', 'whisper-1'),
    part('"response_format"', 'json'),
    part('"language"', 'pt-BR'),
    part('"file"; filename="a_b\u00c3\u00a9.wav"\r\ncontent-type: audio/wav', 'RIFF sound'),
  ])
    expect(start).toContain(one);
});

test('a recording of 25 MiB is accepted, and a larger one is rejected and never sent completely upstream', async () => {
  await add({ is_default: true });
  const most = await sendRecording([{ ...recording, content: Buffer.alloc(25 * 2 ** 20, 7) }]);
  expect([most.status, lastRequest().whole, lastRequest().bytes > 25 * 2 ** 20]).toEqual([200, true, true]);
  const before = heard.length;
  for (const size of [25 * 2 ** 20 + 1, 27 * 2 ** 20]) {
    const { status, body } = await sendRecording([{ ...recording, content: Buffer.alloc(size, 7) }]);
    expect([status, body.error]).toEqual([413, 'payload_too_large']);
  }
  const form = formOf([{ ...recording, content: Buffer.alloc(40 * 2 ** 20) }]);
  const chunked = await fetch(`${url}/v1/asr/transcribe`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alice.token}`, ...form.headers },
    body: new Blob([form.raw]).stream(),
    duplex: 'half',
  } as RequestInit);
  expect(chunked.status).toBe(413);
  expect(heard.slice(before).map(({ whole }) => whole)).not.toContain(true);
});

test('an invalid form is rejected and never sent completely upstream', async () => {
  const before = heard.length;
  const ask = (raw: Buffer, type: string) =>
    call('POST', '/v1/asr/transcribe', { token: alice.token, raw, headers: { 'content-type': type } });
  const { raw, headers } = formOf([recording, { name: 'language', content: 'en' }]);
  expect(statusAndReason(await ask(Buffer.from('{}'), 'application/json'))).toEqual([422, 'unsupported_content_type']);
  expect(statusAndReason(await ask(raw.subarray(0, -4), headers['content-type']))).toEqual([422, 'malformed_multipart']);
  for (const [parts, path] of [
    [[], '/file'],
    [[{ ...recording, content: '' }], '/file'],
    [[{ name: 'language', content: 'en' }], '/file'],
    [[recording, recording], ''],
    [[{ name: 'language', content: 'en-aaaaaaaa-aaaaa' }, recording], '/language'],
    [[recording, { name: 'language', content: 'not a language' }], '/language'],
    [[recording, { name: 'language', content: 'en' }, { name: 'language', content: 'de' }], '/language'],
    [[{ name: 'model', content: 'other' }, recording], '/model'],
    [[{ name: 'prompt', content: 'x' }, recording], '/prompt'],
  ] as const)
    expect(issuesOf(await sendRecording(parts))).toEqual([400, [['body', path]]]);
  expect(heard.slice(before).map(({ whole }) => whole)).not.toContain(true);
});

test('an upstream error returns its status, and its body is not repeated unless it is an error object', async () => {
  for (const [reply, reason, status_code] of [
    [{ status: 401, body: `bad key ${secret}` }, 'upstream_auth_failed', 401],
    [{ status: 401, body: secret, when: 'early' }, 'upstream_auth_failed', 401],
    [{ status: 500, body: 'out' }, 'upstream_request_failed', 500],
    [{ status: 302 }, 'upstream_request_failed', 302],
    [{ status: 201 }, 'upstream_request_failed', 201],
    [{ body: 'hello' }, 'upstream_invalid_response', 200],
    [{ body: '{"text":7}' }, 'upstream_invalid_response', 200],
    [{ body: JSON.stringify({ text: 'x'.repeat(2 * 2 ** 20) }) }, 'upstream_invalid_response', 200],
  ] as const) {
    replies(reply);
    const { status, body, text } = await sendRecording();
    expect([status, body.error, body.details]).toEqual([502, 'provider.upstream_error', { reason, status_code }]);
    expect(text).not.toContain(secret);
  }
  replies({ body: JSON.stringify({ text: 'ok', secret, segments: [] }) });
  expect((await sendRecording()).body).toEqual({ text: 'ok' });
  await add({ is_default: true, base_url: 'http://127.0.0.1:9/v1' });
  expect(statusAndReason(await sendRecording())).toEqual([502, 'upstream_unreachable']);
  for (const base_url of ['http://10.0.0.1/v1', 'https://169.254.169.254/v1', 'http://example.com/v1']) {
    await add({ is_default: true, base_url });
    expect([base_url, statusAndReason(await sendRecording())]).toEqual([base_url, [400, 'base_url_denied']]);
  }
  await add({ is_default: true });
});

test('an upstream that responds early ends a large upload, and the caller gets the response', async () => {
  replies({ status: 429, when: 'early' });
  const { status, body } = await sendRecording([{ ...recording, content: Buffer.alloc(20 * 2 ** 20) }]);
  expect([status, body.details.status_code]).toEqual([502, 429]);
});

test('a caller that disconnects aborts the upstream request', async () => {
  replies({ when: 'never' });
  const before = heard.length;
  const { raw, headers } = formOf([recording]);
  const leaving = new AbortController();
  const request = fetch(`${url}/v1/asr/transcribe`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alice.token}`, ...headers },
    body: raw,
    signal: leaving.signal,
  });
  await expect.poll(() => heard.length).toBe(before + 1);
  leaving.abort();
  await expect(request).rejects.toThrow();
  await expect.poll(() => lastRequest().gone).toBe(true);
});

test('the default credential of the account precedes that of the platform', async () => {
  const dave = await signUp();
  const { id } = await add({ scope: 'platform', is_default: true, model: 'of the platform' }, platformAdmin);
  const model = async () => {
    expect((await sendRecording([recording], dave)).status).toBe(200);
    return /name="model"\r\n\r\n([^\r]*)/.exec(lastRequest().start)![1];
  };
  expect(await model()).toBe('of the platform');
  const own = await add({ is_default: true, model: 'of the account' }, dave);
  expect(await model()).toBe('of the account');
  expect((await call('DELETE', `/v1/asr-credentials/${own.id}`, { token: dave.token })).status).toBe(204);
  expect(await model()).toBe('of the platform');
  await call('DELETE', `/v1/asr-credentials/${id}`, { token: platformAdmin.token });
  expect(statusAndReason(await sendRecording([recording], dave))).toEqual([409, 'no_default_credential']);
});

test('a member can list credentials and transcribe, but not manage credentials', async () => {
  const { id } = await add({ is_default: true });
  const as = (method: string, path: string, body?: unknown) => call(method, path, { token: member.token, headers: inAlicesAccount, body });
  const list = await as('GET', '/v1/asr-credentials');
  expect(list.body.find((one: { id: string }) => one.id === id)).toMatchObject({ key_prefix: null, base_url: null, model: 'whisper-1' });
  const refused = [
    await as('POST', '/v1/asr-credentials', fields()),
    await as('PUT', `/v1/asr-credentials/${id}`, { nonsense: 1 }),
    await as('DELETE', `/v1/asr-credentials/${id}`),
    await as('POST', `/v1/asr-credentials/${id}/set-default`),
  ];
  for (const { status, body } of refused)
    expect([status, body.details]).toEqual([403, { reason: 'missing_permission', permission: 'data.secrets.manage' }]);
  expect((await sendRecording([recording], member, inAlicesAccount)).body).toEqual({ text: 'hello' });
});

test('the client sends a recording', async () => {
  const client = createClient({ baseUrl: url, accessToken: alice.token });
  const file = new File(['sound'], 'a.mp3', { type: 'audio/mpeg' });
  expect(await client.asr.transcribe({ body: { file, language: undefined } })).toEqual({ text: 'hello' });
  expect(lastRequest().start).toContain('filename="a.mp3"\r\ncontent-type: audio/mpeg');
});

test('a transcription is neither audited nor stored', async () => {
  const { headers } = await sendRecording();
  expect(await sql('select action from audit_logs where trace_id = $1', [headers.get('x-trace-id')])).toEqual([]);
  expect(await sql('select count(*)::int as n from attachments')).toEqual([{ n: 0 }]);
});
