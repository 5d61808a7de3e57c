import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createFirstAdmin, newSetupToken, promoteConfiguredAdmin } from '../../../server/resources/bootstrap/firstAdmin.ts';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const secret = 'open sesame';
const app = () => startTestApp({ ARKLOOP_BOOTSTRAP_SECRET: secret, ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
const admin = { login: 'root', password: 'Passw0rd-1', email: 'root@example.test' };
const log = pino({ level: 'silent' });

const createSetupToken = async ({ call }: TestApp) =>
  (await call('POST', '/v1/bootstrap/init')).body as { token: string; expires_at: string };
const setUp = ({ call }: TestApp, token: string, more: object = {}) =>
  call('POST', '/v1/bootstrap/setup', { body: { token, ...admin, ...more } });
const admins = ({ sql }: TestApp) => sql('select id from users where is_platform_admin');

describe('the setup token', () => {
  test('of many parallel setups with one token, exactly one creates an admin', async () => {
    const here = await app();
    const { token } = await createSetupToken(here);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => setUp(here, token, { login: `root${at}`, email: `root${at}@example.test` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
    expect(new Set(answers.filter(({ status }) => status === 409).map(({ body }) => body.details.reason))).toEqual(
      new Set(['already_initialized']),
    );
    expect(await admins(here)).toHaveLength(1);
    expect(await here.sql(`select id from users where username <> 'system_agent'`)).toHaveLength(1);
    expect(await here.sql('select id from accounts')).toHaveLength(1);
  });

  test('is issued only to local requests or with the bootstrap secret', async () => {
    const { call, sql } = await app();
    const forms = [
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-for': '203.0.113.9' },
      { forwarded: 'for=127.0.0.1' },
      { 'x-real-ip': '127.0.0.1' },
      { via: '1.1 somebody' },
      { 'x-forwarded-for': '203.0.113.9', 'x-bootstrap-secret': 'guess' },
      { 'x-forwarded-for': '203.0.113.9', 'x-bootstrap-secret': '' },
    ];
    for (const headers of forms) {
      const { status, body } = await call('POST', '/v1/bootstrap/init', { headers: headers as unknown as Record<string, string> });
      expect([headers, status, body.error]).toEqual([headers, 404, 'not_found']);
    }
    expect(await sql(`select key from platform_settings`)).toEqual([]);
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-bootstrap-secret': secret };
    expect((await call('POST', '/v1/bootstrap/init', { headers })).status).toBe(201);
  });

  test('is invalid after expiry, replacement or use, and only its hash is stored', async () => {
    const here = await app();
    const { call, sql } = here;
    const first = await createSetupToken(here);
    const second = await createSetupToken(here);
    expect(first.token).not.toBe(second.token);
    const stored = JSON.stringify(await sql('select value from platform_settings'));
    expect(stored).not.toContain(second.token);
    expect((await setUp(here, first.token)).body.details.reason).toBe('bootstrap_token_invalid');
    expect((await setUp(here, '')).status).toBe(401);

    const verify = async (token: string) => (await call('GET', `/v1/bootstrap/verify/${token}`)).body;
    expect(await verify(first.token)).toEqual({ valid: false });
    expect(await verify(second.token)).toEqual({ valid: true, expires_at: second.expires_at });
    const minutes = (Date.parse(second.expires_at) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(29);
    expect(minutes).toBeLessThan(30.1);

    const past = new Date(Date.now() - 1_000).toISOString();
    await sql(`update platform_settings set value = value || jsonb_build_object('expires_at', $1::text) where key = 'bootstrap.token'`, [
      past,
    ]);
    expect(await verify(second.token)).toEqual({ valid: false, expires_at: past });
    const late = await setUp(here, second.token);
    expect([late.status, late.body.details.reason, late.headers.get('www-authenticate')]).toEqual([
      401,
      'bootstrap_token_invalid',
      'Bearer',
    ]);

    const third = await createSetupToken(here);
    expect((await setUp(here, third.token)).status).toBe(201);
    expect(await verify(third.token)).toEqual({ valid: false });
    const again = await call('POST', '/v1/bootstrap/init');
    expect([again.status, again.body.details.reason]).toEqual([409, 'already_initialized']);
    expect((await setUp(here, third.token)).status).toBe(409);
    const actions = (await sql('select action, target_type, target_id from audit_logs order by id')).map((row) => row.action);
    expect(actions).toEqual(['platform.bootstrap_init', 'platform.bootstrap_init', 'platform.bootstrap_init', 'platform.bootstrap']);
  });

  test('stays valid after a rejected setup', async () => {
    const here = await app();
    await here.signUp({ login: 'taken', email: 'taken@example.test' });
    const { token } = await createSetupToken(here);
    expect((await setUp(here, token, { password: 'abcdefgh' })).body.details.reason).toBe('password_policy');
    expect((await setUp(here, token, { login: 'TAKEN' })).body.details.reason).toBe('login_taken');
    expect((await setUp(here, token, { email: 'Taken@example.test' })).body.details.reason).toBe('email_taken');
    expect((await here.call('POST', '/v1/bootstrap/setup', { body: { token, ...admin }, headers: { origin: 'null' } })).status).toBe(403);
    expect(await admins(here)).toEqual([]);
    const done = await setUp(here, token, { email: undefined, locale: 'zh-CN' });
    expect(done.status).toBe(201);
    expect(done.headers.get('set-cookie')).toMatch(/^arkloop_refresh_token=[\w-]{43}; Path=\/v1\/auth;/);
    const me = (await here.call('GET', '/v1/me', { token: done.body.access_token })).body;
    expect(me).toMatchObject({ id: done.body.user_id, role: 'platform_admin', email: null, locale: 'zh-CN' });
    expect(me.permissions).toContain('platform.admin');
  });
});

describe('the first admin from environment variables', () => {
  test('is created once, also by processes that start together, and can sign in', async () => {
    const here = await app();
    await Promise.all(Array.from({ length: 5 }, () => createFirstAdmin({ database: here.database, log }, admin)));
    expect(await admins(here)).toHaveLength(1);
    await createFirstAdmin({ database: here.database, log }, { login: 'other', email: 'x@y.z', password: 'Passw0rd-2' });
    expect(await admins(here)).toHaveLength(1);
    expect((await here.call('POST', '/v1/auth/login', { body: { login: 'ROOT', password: admin.password } })).status).toBe(200);
    expect((await here.call('POST', '/v1/bootstrap/init')).status).toBe(409);
    expect(await newSetupToken(here)).toBeUndefined();
  });

  test('invalid values are reported by variable, and an existing user is not promoted', async () => {
    const here = await app();
    const make = (wanted: object) => createFirstAdmin({ database: here.database, log }, { ...admin, ...wanted });
    await expect(make({ login: 'a@b', email: 'a', password: 'short' })).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(/^ARKLOOP_ADMIN_LOGIN: .*\nARKLOOP_ADMIN_EMAIL: .*\nARKLOOP_ADMIN_PASSWORD: [^\n]*$/),
    });
    await here.signUp({ login: 'root', email: 'first@example.test' });
    await expect(make({})).rejects.toThrow(/^ARKLOOP_ADMIN_LOGIN: /);
    await expect(make({ login: 'boss', email: 'FIRST@example.test' })).rejects.toThrow(/^ARKLOOP_ADMIN_EMAIL: /);
    expect(await admins(here)).toEqual([]);
    const token = await newSetupToken(here);
    expect((await setUp(here, token!, { login: 'boss' })).status).toBe(201);
  });

  test('a configured user is promoted once, and an unknown ID does not block startup', async () => {
    const here = await app();
    const first = await here.signUp();
    const second = await here.signUp();
    const promote = (id: string) =>
      promoteConfiguredAdmin({ database: here.database, log, config: { ...here.config, bootstrapPlatformAdmin: id } });
    await promote('01890000-0000-7000-8000-000000000000');
    expect(await admins(here)).toEqual([]);
    await Promise.all([promote(first.id), promote(first.id), promote(first.id.toUpperCase())]);
    await promote(second.id);
    expect(await admins(here)).toEqual([{ id: first.id }]);
    expect((await here.call('POST', '/v1/bootstrap/init')).status).toBe(409);
  });
});
