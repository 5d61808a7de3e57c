import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { startVendor } from '../agent/vendor.ts';
import { temporaryDataDir } from '../app/instance.ts';
import { fastWorkerEnv, startProcess } from '../app/process.ts';
import { type Answer, type CallOptions, callTo } from '../app/testApp.ts';
import { eventually } from '../resources/conversation.ts';
import { startMailServer, textOfMessage } from '../resources/mail.ts';
import { type RecordedText, secretRegistry } from './leaks.ts';

const signsIn = /^POST \/v1\/(auth\/(register|login|refresh|(email|resolve)\/otp\/verify)|bootstrap\/setup)$/;
/** Routes whose responses contain a secret, and its field. */
const handsOut: [route: RegExp, field: string][] = [
  [signsIn, 'access_token'],
  [/^POST \/v1\/bootstrap\/init$/, 'token'],
  [/^POST \/v1\/api-keys$/, 'key'],
  [/^POST \/v1\/admin\/service-keys$/, 'key'],
  [/^POST \/v1\/accounts\/[\w-]+\/invitations$/, 'token'],
  [/^POST \/v1\/auth\/resolve$/, 'flow_token'],
];

/** The secrets that a response returns by design. They may appear in this response only. */
function handedOut(route: string, { status, body, headers }: Answer): [name: string, value: string][] {
  const fields = handsOut.flatMap(([fits, field]) => (status < 300 && fits.test(route) && body?.[field] ? [[field, body[field]]] : []));
  const cookie = signsIn.test(route) && /^arkloop_refresh_token=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1];
  return [...(fields as [string, string][]), ...(cookie ? [['cookie', cookie] as [string, string]] : [])];
}

/** A fake captcha provider that accepts every token, unless `next` contains a fault. */
async function startCaptcha(secret: string) {
  const next: ('echo' | 'unknown secret' | 'down')[] = [];
  const server = createServer((_req, res) => {
    const way = next.shift();
    if (way === 'down') return void res.writeHead(500).end(secret);
    const codes = way === 'unknown secret' ? [`invalid-input-secret`] : [`invalid-input-secret: ${secret}`];
    res
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify(way ? { success: false, 'error-codes': codes } : { success: true }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { next, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/siteverify` };
}

/** A production-like installation. Its output is recorded and its secrets are unique, so that leaks can be found. */
export async function startLeakTestApp() {
  const { secrets, keep } = secretRegistry();
  /** A new secret that must not appear anywhere. */
  const fresh = (name: string, prefix = '') => keep(name, `${prefix}${randomBytes(16).toString('hex')}1`);
  const [smtpPassword, turnstile] = [fresh('SMTP password'), fresh('captcha secret')];
  const encryptionKey = keep('encryption key', randomBytes(32).toString('hex'));
  keep('encryption key as bytes', Buffer.from(encryptionKey, 'hex').toString('base64'));

  let failures = 0;
  const mail = await startMailServer({
    authOptional: false,
    authMethods: ['PLAIN'],
    onAuth({ username, password }, _session, done) {
      if (password !== smtpPassword || failures-- > 0)
        return done(new Error(`no: ${password} ${Buffer.from(password ?? '').toString('base64')}`));
      done(null, { user: username! });
    },
  });
  onTestFinished(mail.close);
  const [vendor, captcha] = [await startVendor(), await startCaptcha(turnstile)];
  onTestFinished(vendor.close);
  const dataDir = temporaryDataDir();
  const running = await startProcess('all', {
    ...fastWorkerEnv,
    ...mail.env,
    ARKLOOP_SMTP_USER: 'mailer',
    ARKLOOP_SMTP_PASS: smtpPassword,
    ARKLOOP_SMTP_TLS_MODE: 'none',
    ARKLOOP_DATA_DIR: dataDir,
    ARKLOOP_LOG_LEVEL: 'debug',
    ARKLOOP_LOG_MODE: 'json',
    ARKLOOP_AUTH_JWT_SECRET: fresh('JWT secret', 'jwt-'),
    ARKLOOP_ENCRYPTION_KEY: encryptionKey,
    ARKLOOP_BOOTSTRAP_SECRET: fresh('bootstrap secret'),
    ARKLOOP_TURNSTILE_SITE_KEY: 'site',
    ARKLOOP_TURNSTILE_SECRET_KEY: turnstile,
    ARKLOOP_TURNSTILE_VERIFY_URL: captcha.url,
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
    ARKLOOP_LLM_RETRY_BASE_DELAY_MS: '1',
  });
  const lines = () => running.output().split('\n');
  const banner = () =>
    lines()
      .filter((line) => !line.startsWith('{'))
      .join('\n');
  const shown = async () => /"token":"([^"]+)"/.exec(banner())?.[1];
  keep('setup token of the banner', await eventually(shown, 'the banner'), 'banner');

  const answers: RecordedText[] = [];
  const send = callTo(running.url);
  async function call(method: string, path: string, options?: CallOptions): Promise<Answer & { place: string }> {
    const answer = await send(method, path, options);
    const place = `#${answers.length} ${method} ${path.split('?')[0]}`;
    answers.push({ place, text: `${answer.status}\n${[...answer.headers].map((pair) => pair.join(': ')).join('\n')}\n${answer.text}` });
    for (const [name, value] of handedOut(`${method} ${path}`, answer)) keep(name, value, place);
    return { ...answer, place };
  }

  const passwordIn = (file: string) => keep(file, readFileSync(join(dataDir, file), 'utf8').trim());
  const passwords = { arkloop: passwordIn('postgres-password'), arkloop_app: passwordIn('postgres-app-password') };
  const [pid, , , port] = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
  const connect = async (user: keyof typeof passwords = 'arkloop_app') => {
    const client = new pg.Client({ host: '127.0.0.1', port: Number(port), user, database: 'arkloop', password: passwords[user] });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  let database = await connect();
  onTestFinished(() => database.end());
  const superuser = await connect('arkloop');
  for (const setting of [`log_statement = 'all'`, 'log_parameter_max_length = 0', 'log_parameter_max_length_on_error = 0'])
    await superuser.query(`alter system set ${setting}`);
  await superuser.query('select pg_reload_conf()');
  await superuser.end();

  return {
    secrets,
    keep,
    fresh,
    vendor,
    dataDir,
    url: running.url,
    answers,
    call,
    banner,
    logLines: () => lines().filter((line) => line.startsWith('{')),
    database: () => database,
    captchaAnswers: captcha.next,
    captcha: () => ({ cf_turnstile_token: fresh('solved captcha') }),
    /** The mail server rejects the next mail with an error that contains the password. */
    failSmtp: () => {
      failures = 1;
    },
    /** The first matching group of a pattern in the newest mail to an address that matches it. */
    mailed: (to: string, pattern: RegExp) =>
      eventually(
        async () => {
          const texts = mail.received.filter((each) => each.to.includes(to)).map(({ source }) => textOfMessage(source));
          return texts.map((text) => pattern.exec(text)?.slice(1).find(Boolean)).findLast(Boolean);
        },
        `mail to ${to}`,
        20_000,
      ),
    async whileDatabaseIsDown(work: () => Promise<void>) {
      const ready = async () => (await fetch(`${running.url}/readyz`)).status;
      process.kill(Number(pid), 'SIGINT');
      await expect.poll(ready, { interval: 10 }).not.toBe(200);
      await work();
      await expect.poll(ready, { interval: 50 }).toBe(200);
      database = await connect();
    },
  };
}
