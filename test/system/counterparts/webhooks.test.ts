import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { machinePath } from '../../support/app/programs.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { buildOnce, MissingToolError, python } from '../../support/checks/counterparts.ts';
import { findCommand, runOrThrow } from '../../support/checks/thirdParty.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';

const place = fileURLToPath(new URL('./webhooks/', import.meta.url));
const app = await startTestApp();

/** Returns a genuine delivery and three altered copies. */
async function delivered() {
  const person = await app.signUp();
  const receiver = await receiverOfTest();
  const { signing_secret: secret } = await registerEndpoint(app, person, receiver.url);
  await startRun(app, person, await openThread(app, person));
  const { headers, body } = await eventually(async () => receiver.received[0], 'the webhook');
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const request = { secret, body, headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])) };
  const later = String(Number(headers['webhook-timestamp']) + 1);
  return [
    request,
    { ...request, body: `${body} ` },
    { ...request, headers: { ...request.headers, 'webhook-timestamp': later } },
    { ...request, headers: { ...request.headers, 'webhook-id': 'msg_other' } },
  ];
}

async function verified(program: string, args: readonly string[]) {
  const requests = await delivered();
  const child = spawn(program, args, { env: { ...process.env, PATH: machinePath() }, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  return (await text(child.stdout)).trim().split('\n');
}

const acceptsTheGenuine = ['true', 'false', 'false', 'false'];

test('the Python library of Standard Webhooks accepts a delivery and rejects altered ones', async () => {
  const bin = await python('standardwebhooks==1.1.0');
  expect(await verified(bin('python'), [join(place, 'verify.py')])).toEqual(acceptsTheGenuine);
});

test('the Go library of Standard Webhooks accepts a delivery and rejects altered ones', async () => {
  if (!(await findCommand(['go'], ['version'], place))) throw new MissingToolError('there is no Go on this machine');
  const folder = await buildOnce('go-standardwebhooks-0.0.1', async (cwd) => {
    cpSync(place, cwd, { recursive: true });
    await runOrThrow('go', ['build', '-trimpath', '-o', 'verify', '.'], { cwd, ms: 600_000 });
  });
  expect(await verified(join(folder, 'verify'), [])).toEqual(acceptsTheGenuine);
});
