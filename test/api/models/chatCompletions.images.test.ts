import { expect, test } from 'vitest';
import { loadImages } from '../../../server/chatCompletions/remoteImages.ts';
import { overloaded } from '../../../server/http/access/authenticateRequest.ts';
import type { ImagePart } from '../../../server/models/model.ts';
import { createOutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { redirect, startSite } from '../../agent/tools/webSupport.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { messages as anthropic, chat, gemini } from '../../support/agent/vendor.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { chatCompletionsOf, prices } from '../../support/credits/chatCompletions.ts';
import { images, pngOf } from '../../support/http/forms.ts';

const app = await sharedTestApp();
const { openModel, rowsOf } = chatCompletionsOf(app);
const site = await startSite();
const png = images.png.toString('base64');
const shown = (...urls: string[]) => ({
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'What is this?' }, ...urls.map((url) => ({ type: 'image_url', image_url: { url } }))] },
  ],
});
const at = (path: string) => site.origin + path;

/** The declared type is wrong on purpose: the bytes decide. */
site.pages['/dot'] = (res) => res.writeHead(200, { 'content-type': 'text/html' }).end(images.png);
site.pages['/moved'] = redirect('/dot');
site.pages['/around'] = redirect('/around');
site.pages['/inside'] = redirect('https://10.0.0.7/dot.png');
site.pages['/page'] = (res) => res.writeHead(200, { 'content-type': 'image/png' }).end('<html></html>');
site.pages['/huge'] = (res) => res.writeHead(200).end(Buffer.concat([images.png, Buffer.alloc(4 * 2 ** 20)]));
site.pages['/pixels'] = (res) => res.writeHead(200).end(pngOf(2 ** 31 - 1, 1));
site.pages['/broken'] = (res) => {
  res.writeHead(200, { 'content-length': '999' }).write(images.png.subarray(0, 8));
  setImmediate(() => res.destroy());
};
site.pages['/stall'] = (res) => res.writeHead(200).flushHeaders();

test('images at URLs are fetched once, without credentials, and sent to each provider in its own format', async () => {
  const { vendor, user, complete } = await openModel();
  vendor.respondWith(chat.answer('A dot.'));
  const answered = await complete(shown(at('/moved'), at('/dot#here'), at('/moved'), `data:image/png;base64,${png}`));
  expect(answered).toMatchObject({ status: 200, body: { choices: [{ message: { content: 'A dot.' } }] } });
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } };
  expect(vendor.requests[0]!.body).toMatchObject({ messages: [{ content: [{ type: 'text' }, picture, picture, picture, picture] }] });
  expect(site.visits.map(({ path }) => path).sort()).toEqual(['/dot', '/dot', '/moved']);
  for (const { headers } of site.visits) for (const name of ['authorization', 'cookie']) expect(headers).not.toHaveProperty(name);

  const kinds = [
    [
      'anthropic',
      anthropic.answer('A dot.'),
      { messages: [{ content: [{}, { type: 'image', source: { media_type: 'image/png', data: png } }] }] },
    ],
    ['gemini', gemini.answer('A dot.'), { contents: [{ parts: [{}, { inlineData: { mimeType: 'image/png', data: png } }] }] }],
  ] as const;
  for (const [kind, answer, wanted] of kinds) {
    const provider = await addProvider(app, user, { name: kind, provider: kind, base_url: vendor.origin });
    await addModel(app, user, provider, { model: 'm', ...prices });
    vendor.respondWith(answer);
    expect((await complete({ ...shown(at('/dot')), model: `${kind}^m` })).status).toBe(200);
    expect(vendor.requests.at(-1)!.body).toMatchObject(wanted);
  }
});

test('what cannot be fetched is 400 at its place, without a call or a charge', async () => {
  const { vendor, user, complete, balance } = await openModel();
  const before = await balance();
  const refused = [
    [at('/page'), 'image_not_fetched', 'is not a PNG'],
    [at('/pixels'), 'image_not_fetched', 'has more than 50 megapixels'],
    [at('/huge'), 'image_not_fetched', 'at most 3670016 bytes'],
    [at('/around'), 'image_not_fetched', 'redirects more than 3 times'],
    [at('/missing'), 'image_not_fetched', 'status 404'],
    [at('/broken'), 'image_not_fetched', 'could not be fetched'],
    [at('/inside'), 'private_ip_denied', 'not public'],
    ['https://169.254.169.254/latest/meta-data', 'private_ip_denied', 'not public'],
    ['https://[::ffff:10.0.0.1]/a.png', 'private_ip_denied', 'not public'],
    ['https://localhost/a.png', 'localhost_denied', 'this machine'],
    ['http://example.com/a.png', 'insecure_scheme_denied', 'https'],
    ['https://u:p@example.com/a.png', 'userinfo_denied', 'password'],
    ['https://example.com:25/a.png', 'port_denied', 'port'],
  ] as const;
  for (const [url, reason, told] of refused) {
    const { status, body } = await complete({ ...shown(at('/dot'), url), stream: url.startsWith('https') });
    expect([url, status, body.error.code, body.error.message]).toEqual([url, 400, reason, expect.stringContaining(told)]);
    expect(body.error.param).toBe('messages[0].content[2].image_url.url');
  }
  const many = await complete(shown(...Array.from({ length: 17 }, (_, n) => at(`/dot?${n}`))));
  expect([many.status, many.body.error.message]).toEqual([400, expect.stringContaining('more than 16')]);
  // A call that is refused anyway fetches nothing.
  site.visits.length = 0;
  expect((await complete({ ...shown(at('/dot')), model: 'missing' })).status).toBe(404);
  expect(site.visits).toEqual([]);
  const failed = { status: 'failed', usage: null, reserved_credits: 0 };
  expect(await rowsOf(user)).toMatchObject(refused.map(() => failed));
  expect([vendor.requests.length, await balance()]).toEqual([0, before]);
});

test('a call that waits for an image counts as running, with its credits reserved, until its client leaves', async () => {
  const { user } = await openModel();
  const leaving = new AbortController();
  const left = fetch(`${app.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-test', ...shown(at('/stall')) }),
    signal: leaving.signal,
  }).catch(() => 'left');
  await expect.poll(() => site.visits.at(-1)?.path).toBe('/stall');
  const [waiting] = await rowsOf(user);
  expect([waiting.status, waiting.reserved_credits > 0]).toEqual(['running', true]);
  leaving.abort();
  expect(await left).toBe('left');
  await expect.poll(() => rowsOf(user)).toMatchObject([{ status: 'cancelled', usage: null, reserved_credits: 0 }]);
});

test('all images together have a time and a size, and a client that leaves ends the requests', async () => {
  const outbound = createOutboundClient({ allowLoopbackHttp: true, trustFakeIp: false });
  const images = (...paths: string[]) =>
    paths.map((path) => ({ part: { type: 'image', mime_type: '', data: '' } as ImagePart, url: at(path), at: path }));
  const limits = { timeoutMs: 60_000, maxBytes: 1_000, maxTotalBytes: 1_000 };
  const staying = new AbortController().signal;
  const memory = { add: (_: number) => {} };
  const load = (paths: string[], changes = {}, leaving = staying) =>
    loadImages(outbound, images(...paths), { leaving, memory }, { ...limits, ...changes });
  await expect(load(['/dot', '/stall'], { timeoutMs: 200 })).rejects.toMatchObject({ details: { reason: 'image_not_fetched' } });
  await expect(load(['/dot', '/dot?2'], { maxTotalBytes: 100 })).rejects.toMatchObject({
    details: { issues: [{ message: expect.stringContaining('together') }] },
  });
  // An image counts as often as it is sent.
  const twice = { maxTotalBytes: 2 * png.length * 0.75 };
  await load(['/dot', '/dot'], twice);
  await expect(load(['/dot', '/dot', '/dot'], twice)).rejects.toMatchObject({
    details: { issues: [{ path: '/dot', message: expect.stringContaining('together') }] },
  });
  memory.add = () => {
    throw overloaded();
  };
  await expect(load(['/dot'])).rejects.toMatchObject({ details: { reason: 'overloaded' } });
  memory.add = () => {};
  const leaving = new AbortController();
  const waiting = load(['/stall'], {}, leaving.signal);
  leaving.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  await outbound.close();
});
