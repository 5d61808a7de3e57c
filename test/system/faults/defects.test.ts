import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { registerUser, temporaryDataDir } from '../../support/app/instance.ts';
import { type ServerProcess, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, freshDatabase } from '../../support/app/testApp.ts';
import { defective, startDefects } from '../../support/checks/defects.ts';
import { scrape } from '../../support/checks/metrics.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const entry = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));

/** The environment of a role, with a port for its metrics. */
async function roleEnv(role: string) {
  const metrics = { ARKLOOP_METRICS_ADDR: '127.0.0.1:0' };
  if (role === 'gateway') return { ...metrics, ARKLOOP_GATEWAY_UPSTREAM: 'http://127.0.0.1:1' };
  return { ...testKeysEnv, ...metrics, ARKLOOP_DATABASE_URL: await freshDatabase() };
}

const metricsOf = (running: ServerProcess) => /Metrics: +(\S+)/.exec(running.output())![1]!;

/** The JSON log lines of a process. */
const logged = (running: ServerProcess) =>
  running
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

test('without a mail server in production, sending a code returns 503 and the API keeps running', async () => {
  const api = await startProcess('api', {
    ARKLOOP_AUTH_JWT_SECRET: randomBytes(32).toString('base64'),
    ARKLOOP_ENCRYPTION_KEY: randomBytes(32).toString('hex'),
    ARKLOOP_DATABASE_URL: await freshDatabase(),
    ARKLOOP_ENV: 'production',
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: 'false',
  });
  const call = callTo(api.url);
  const { login } = await registerUser(api.url);
  const { body: flow } = await call('POST', '/v1/auth/resolve', { body: { identity: login } });
  for (let at = 0; at < 3; at++) {
    const refused = await call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token: flow.flow_token } });
    expect([refused.status, refused.body.details]).toMatchObject([503, { reason: 'email_not_configured' }]);
  }
  expect((await call('GET', '/readyz')).status).toBe(200);
  expect(logged(api).filter(({ level }) => level >= 50)).toEqual([]);
});

test.each(['api', 'worker', 'gateway', 'all'])(
  'role %s logs and counts unhandled rejections and keeps running; an uncaught exception ends it',
  async (role) => {
    const running = await startProcess(role, { ...(await roleEnv(role)), ...defective() });
    const counted = async () => (await scrape(metricsOf(running))).sum('arkloop_unhandled_rejections_total');
    expect(await counted()).toBe(0);
    const rejections = () => logged(running).filter(({ err }) => err?.message === 'planted rejection');
    for (let at = 1; at <= 3; at++) {
      running.kill('SIGUSR2');
      await eventually(async () => rejections().length === at && (await counted()) === at, `rejection ${at}`);
    }
    for (const { level, err } of rejections()) {
      expect(level).toBe(50);
      expect(err.stack).toMatch(/^TypeError: planted rejection\n +at .*defects\.mjs/);
    }
    running.kill('SIGWINCH');
    expect(await running.exited).toEqual({ code: 1, signal: null });
    const [fatal] = logged(running).filter(({ err }) => err?.message === 'planted exception');
    expect(fatal.level).toBe(60);
    expect(fatal.err.stack).toMatch(/^TypeError: planted exception\n +at .*defects\.mjs/);
  },
);

test.each(Object.entries(startDefects))(
  'an unhandled %s during startup ends the process with status 1 and prints its stack',
  async (kind, program) => {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ARKLOOP_')));
    const env = { ...own, ARKLOOP_DATA_DIR: temporaryDataDir(), ...defective(program) };
    const child = spawn(process.execPath, [entry, 'all'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^arkloop: stopped by an unexpected error: TypeError: planted ${kind}\\n +at `));
    expect(stdout).not.toContain('Arkloop is ready');
  },
);
