import { expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { formOf, type Part } from '../setup/forms.ts';
import { startTranscriber } from '../setup/transcriber.ts';
import { issuesOf, reasonOf } from '../setup/walk.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { sql, call, signUp, join, promote, url } = world;
const { base, heard, replies } = await startTranscriber();
const secret = 'gsk_secret-7f3d09c1a2';
const [alice, member, chief] = [await signUp(), await signUp(), await signUp()];
await join(member, alice);
await promote(chief);
const inAlices = { 'x-account-id': alice.accountId };

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
const sound: Part = { filename: 'talk.wav', type: 'audio/wav', content: 'RIFF sound' };
const say = (parts: readonly Part[] = [sound], by: Person = alice, headers = {}) => {
  const form = formOf(parts);
  return call('POST', '/v1/asr/transcribe', { token: by.token, raw: form.raw, headers: { ...form.headers, ...headers } });
};
const last = () => heard.at(-1)!;

test('without a default there is no transcript, and the body is not read', async () => {
  const carol = await signUp();
  expect(reasonOf(await say([sound], carol))).toEqual([409, 'no_default_credential']);
  expect(reasonOf(await say([], carol))).toEqual([409, 'no_default_credential']);
  await add({}, carol);
  expect(reasonOf(await say([sound], carol))).toEqual([409, 'no_default_credential']);
  const { id } = await add({}, carol);
  expect((await call('POST', `/v1/asr-credentials/${id}/set-default`, { token: carol.token })).body).toEqual({ ok: true });
  const answer = await say(
    [
      { name: 'language', content: 'pt-BR' },
      { ...sound, filename: '../a$b\u00e9.wav' },
    ],
    carol,
  );
  expect([answer.status, answer.body]).toEqual([200, { text: 'hello' }]);
  const { path, headers, start, whole } = last();
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

test('25 MiB pass, and one byte more is refused and never whole to anybody', async () => {
  await add({ is_default: true });
  const most = await say([{ ...sound, content: Buffer.alloc(25 * 2 ** 20, 7) }]);
  expect([most.status, last().whole, last().bytes > 25 * 2 ** 20]).toEqual([200, true, true]);
  const before = heard.length;
  for (const size of [25 * 2 ** 20 + 1, 27 * 2 ** 20]) {
    const { status, body } = await say([{ ...sound, content: Buffer.alloc(size, 7) }]);
    expect([status, body.error]).toEqual([413, 'payload_too_large']);
  }
  const form = formOf([{ ...sound, content: Buffer.alloc(40 * 2 ** 20) }]);
  const chunked = await fetch(`${url}/v1/asr/transcribe`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alice.token}`, ...form.headers },
    body: new Blob([form.raw]).stream(),
    duplex: 'half',
  } as RequestInit);
  expect(chunked.status).toBe(413);
  expect(heard.slice(before).map(({ whole }) => whole)).not.toContain(true);
});

test('a form that is wrong gets to nobody as a whole', async () => {
  const before = heard.length;
  const ask = (raw: Buffer, type: string) =>
    call('POST', '/v1/asr/transcribe', { token: alice.token, raw, headers: { 'content-type': type } });
  const { raw, headers } = formOf([sound, { name: 'language', content: 'en' }]);
  expect(reasonOf(await ask(Buffer.from('{}'), 'application/json'))).toEqual([422, 'unsupported_content_type']);
  expect(reasonOf(await ask(raw.subarray(0, -4), headers['content-type']))).toEqual([422, 'malformed_multipart']);
  for (const [parts, path] of [
    [[], '/file'],
    [[{ ...sound, content: '' }], '/file'],
    [[{ name: 'language', content: 'en' }], '/file'],
    [[sound, sound], ''],
    [[{ name: 'language', content: 'en-aaaaaaaa-aaaaa' }, sound], '/language'],
    [[sound, { name: 'language', content: 'not a language' }], '/language'],
    [[sound, { name: 'language', content: 'en' }, { name: 'language', content: 'de' }], '/language'],
    [[{ name: 'model', content: 'other' }, sound], '/model'],
    [[{ name: 'prompt', content: 'x' }, sound], '/prompt'],
  ] as const)
    expect(issuesOf(await say(parts))).toEqual([400, [['body', path]]]);
  expect(heard.slice(before).map(({ whole }) => whole)).not.toContain(true);
});

test('an upstream that fails is told by its status, and what is no error object is not repeated', async () => {
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
    const { status, body, text } = await say();
    expect([status, body.error, body.details]).toEqual([502, 'provider.upstream_error', { reason, status_code }]);
    expect(text).not.toContain(secret);
  }
  replies({ body: JSON.stringify({ text: 'ok', secret, segments: [] }) });
  expect((await say()).body).toEqual({ text: 'ok' });
  await add({ is_default: true, base_url: 'http://127.0.0.1:9/v1' });
  expect(reasonOf(await say())).toEqual([502, 'upstream_unreachable']);
  for (const base_url of ['http://10.0.0.1/v1', 'https://169.254.169.254/v1', 'http://example.com/v1']) {
    await add({ is_default: true, base_url });
    expect([base_url, reasonOf(await say())]).toEqual([base_url, [400, 'base_url_denied']]);
  }
  await add({ is_default: true });
});

test('an upstream that answers early ends a large upload, and the caller still sees the answer', async () => {
  replies({ status: 429, when: 'early' });
  const { status, body } = await say([{ ...sound, content: Buffer.alloc(20 * 2 ** 20) }]);
  expect([status, body.details.status_code]).toEqual([502, 429]);
});

test('a caller who leaves takes the call to the upstream with him', async () => {
  replies({ when: 'never' });
  const before = heard.length;
  const { raw, headers } = formOf([sound]);
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
  await expect.poll(() => last().gone).toBe(true);
});

test('the default of the account comes before that of the platform, which everybody may use', async () => {
  const dave = await signUp();
  const { id } = await add({ scope: 'platform', is_default: true, model: 'of the platform' }, chief);
  const model = async () => {
    expect((await say([sound], dave)).status).toBe(200);
    return /name="model"\r\n\r\n([^\r]*)/.exec(last().start)![1];
  };
  expect(await model()).toBe('of the platform');
  const own = await add({ is_default: true, model: 'of the account' }, dave);
  expect(await model()).toBe('of the account');
  expect((await call('DELETE', `/v1/asr-credentials/${own.id}`, { token: dave.token })).status).toBe(204);
  expect(await model()).toBe('of the platform');
  await call('DELETE', `/v1/asr-credentials/${id}`, { token: chief.token });
  expect(reasonOf(await say([sound], dave))).toEqual([409, 'no_default_credential']);
});

test('a member lists and transcribes, and manages nothing', async () => {
  const { id } = await add({ is_default: true });
  const as = (method: string, path: string, body?: unknown) => call(method, path, { token: member.token, headers: inAlices, body });
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
  expect((await say([sound], member, inAlices)).body).toEqual({ text: 'hello' });
});

test('the client sends a recording', async () => {
  const client = createClient({ baseUrl: url, accessToken: alice.token });
  const file = new File(['sound'], 'a.mp3', { type: 'audio/mpeg' });
  expect(await client.asr.transcribe({ body: { file, language: undefined } })).toEqual({ text: 'hello' });
  expect(last().start).toContain('filename="a.mp3"\r\ncontent-type: audio/mpeg');
});

test('a recording leaves no trace', async () => {
  const { headers } = await say();
  expect(await sql('select action from audit_logs where trace_id = $1', [headers.get('x-trace-id')])).toEqual([]);
  expect(await sql('select count(*)::int as n from attachments')).toEqual([{ n: 0 }]);
});
